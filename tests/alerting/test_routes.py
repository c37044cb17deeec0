"""Tests of the routes of alerts with amtool, and of the inhibition in a running Alertmanager."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.alerting.routes import routes, routes_as_yaml
from streams.config.receivers import Receivers, ReceiversError, parse_receivers
from tests.alerting.promtool import run
from tests.alerting.test_rules import COMMAND
from tests.cli.command import ROOT, promises
from tests.support.alertmanager import alertmanager as running_alertmanager
from tests.support.debian import Unavailable, program

COMMITTED = ROOT / "dashboards" / "alertmanager" / "alertmanager.yml"


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `amtool ARGUMENTS`; skip the test if it is not available."""
    try:
        tool = program("prometheus-alertmanager", "amtool")
    except Unavailable as reason:
        pytest.skip(str(reason))
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_the_committed_file_is_the_output_of_the_command(tmp_path: Path) -> None:
    answer = promises(*COMMAND, "--receivers", "examples/receivers.toml", "--out", tmp_path)

    assert (answer.code, answer.err) == (0, "")
    made = (tmp_path / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    remedy = f"run: promises {' '.join(COMMAND)} --receivers examples/receivers.toml --out dashboards"
    assert made == COMMITTED.read_text("utf-8"), remedy


@pytest.mark.integration
def test_alertmanager_takes_the_configuration() -> None:
    output = amtool("check-config", COMMITTED)

    assert output.returncode == 0, output.stdout + output.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=PromisesBurningFast severity=critical location=quay kind=ready", "webhook,page"),
        ("alertname=PromisesBurningSlowly severity=warning location=quay kind=ready", "webhook,chat"),
        ("alertname=PromisesAtRisk severity=warning location=quay kind=ready", "webhook,chat"),
        ("alertname=FeedStale severity=critical location=quay feed=pos-quay", "webhook,page"),
        ("alertname=FeedStale severity=warning location=quay feed=pos-quay", "webhook,chat"),
        ("alertname=WorkerAbsent severity=critical", "webhook,page"),
        ("alertname=RecordsRejected severity=info reason=bad_time", "webhook,note"),
        ("alertname=SomebodysOwn severity=unheard-of", "webhook,note"),
    ],
)
def test_the_severity_selects_the_receiver(labels: str, receivers: str) -> None:
    verify = (f"--config.file={COMMITTED}", f"--verify.receivers={receivers}")
    output = amtool("config", "routes", "test", *verify, *labels.split())

    assert (output.returncode, output.stdout.strip()) == (0, receivers)


def test_messages_are_grouped_by_location_and_those_of_a_feed_by_feed() -> None:
    root = yaml.safe_load(COMMITTED.read_text("utf-8"))["route"]
    [feeds] = [route for route in root["routes"] if route.get("matchers") == ['alertname="FeedStale"']]

    assert root["group_by"] == ["location"]
    assert feeds["group_by"] == ["alertname", "feed"]


def test_secrets_are_files_and_nothing_else() -> None:
    text = COMMITTED.read_text("utf-8")

    for name in ("smtp_auth_password_file", "slack_api_url_file", "routing_key_file", "credentials_file"):
        assert f"{name}: /etc/alertmanager/secrets/" in text
    assert not {"smtp_auth_password:", "slack_api_url:", "routing_key:", "credentials:"} & set(text.split())


@pytest.mark.integration
@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("", {"page": set(), "chat": set(), "note": set()}),
        ("[pagerduty]\n", {"page": {"pagerduty_configs"}, "chat": set(), "note": set()}),
        ('[slack]\nchannel = "#p"\n', {name: {"slack_configs"} for name in ("page", "chat", "note")}),
        (
            '[mail]\nto = "a@b.example"\nfrom = "c@b.example"\nsmarthost = "b.example:25"\n',
            {name: {"email_configs"} for name in ("page", "chat", "note")},
        ),
    ],
)
def test_a_severity_without_its_own_channel_uses_another(
    text: str, channels: dict[str, set[str]], tmp_path: Path
) -> None:
    receivers = parse_receivers(text, "receivers.toml")
    result = {one["name"]: {*one} - {"name"} for one in routes(receivers)["receivers"]}
    (tmp_path / "alertmanager.yml").write_text(routes_as_yaml(receivers, "A test."), "utf-8")

    assert result == channels
    assert amtool("check-config", tmp_path / "alertmanager.yml").returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[mail", "r.toml: not TOML: "),
        ("[sms]\n", "r.toml: unknown key 'sms'; known are mail, pagerduty, secrets, slack, webhook"),
        ('mail = "me"', "r.toml: mail = 'me': write a table with keys of from, smarthost, to, username"),
        ('[mail]\nto = "a@b.example"\n', "r.toml: mail: from = None: write a text, such as from = \"promises@"),
        ('[slack]\nchanel = "#p"\n', "r.toml: slack: unknown key 'chanel'; known are channel"),
        ('[webhook]\nurl = "shop.example"\n', "r.toml: webhook: url = 'shop.example': write an address that begins "),
    ],
)  # fmt: skip
def test_an_invalid_receivers_file_has_an_error_with_its_key_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ReceiversError) as refused:
        parse_receivers(text, "r.toml")

    assert str(refused.value).startswith(message)


@pytest.mark.integration
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "dashboards" / "prometheus", tmp_path / "prometheus")
    output = run("check", "config", "prometheus/prometheus.yml", folder=tmp_path)

    assert output.returncode == 0, output.stdout + output.stderr


@pytest.fixture(scope="module")
def alertmanager(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Provide the address of an Alertmanager with our inhibitions and no receiver."""
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text(routes_as_yaml(Receivers(), "A test."), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    try:
        with running_alertmanager(folder, address):
            _until_ready(address, folder / "log")
            yield address
    except Unavailable as reason:
        pytest.skip(str(reason))


def _until_ready(address: str, log: Path) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"Alertmanager was not ready within 10 seconds: {log.read_text()}")


def labels(name: str, severity: str, **more: str) -> dict[str, str]:
    """The labels of an alert."""
    return {"alertname": name, "severity": severity, **more}


READY, DELIVERED = {"location": "quay", "kind": "ready"}, {"location": "quay", "kind": "delivered"}
ELSEWHERE = {"location": "harbour", "kind": "ready"}
STALE = labels("FeedStale", "critical", location="quay", feed="pos-quay")
FAST, SLOW = labels("PromisesBurningFast", "critical", **READY), labels("PromisesBurningSlowly", "warning", **READY)
REPEATED = labels("PromisesBrokenRepeatedly", "warning", **READY)
BEHIND, NO_WORKER = labels("ClockBehind", "critical"), labels("WorkerAbsent", "critical")

STORIES = {
    "a silent feed holds back what is said of its location": ([STALE, FAST, SLOW], [FAST, SLOW]),
    "and of no other": ([STALE, labels("PromisesBurningFast", "critical", **ELSEWHERE)], []),
    "a feed that never sent a clock record inhibits nothing": ([{**STALE, "severity": "warning"}, FAST], []),
    "the hour holds back the day, the week and what is to come": (
        [FAST, SLOW, REPEATED, labels("PromisesAtRisk", "warning", **READY)],
        [SLOW, REPEATED, labels("PromisesAtRisk", "warning", **READY)],
    ),
    "but not of another kind": ([FAST, labels("PromisesBurningSlowly", "warning", **DELIVERED)], []),
    "the day holds back the week": ([SLOW, REPEATED], [REPEATED]),
    "numbers of earlier call people and write no notes": ([BEHIND, FAST, labels("PromisesAtRisk", "warning", **READY)],
                                                          [labels("PromisesAtRisk", "warning", **READY)]),
    "without workers that is all there is to say": (
        [NO_WORKER, BEHIND, labels("WorkerAbsent", "warning", instance="w1"), STALE],
        [BEHIND, labels("WorkerAbsent", "warning", instance="w1"), STALE],
    ),
    "many refused records say it once": (
        [labels("RecordsRejected", severity, reason="bad_time") for severity in ("warning", "info")],
        [labels("RecordsRejected", "info", reason="bad_time")],
    ),
}  # fmt: skip
"""Alerts that fire together, and those of them that are inhibited."""


@pytest.mark.parametrize("story", STORIES)
def test_alertmanager_inhibits_alerts_that_follow_from_a_worse_one(story: str, alertmanager: str) -> None:
    together, held_back = STORIES[story]
    _ask(alertmanager, "alerts", [{"labels": one} for one in together])
    try:
        assert _inhibited(alertmanager, len(together)) == sorted(map(_named, held_back))
    finally:
        ended = "2000-01-01T00:00:00Z"
        _ask(alertmanager, "alerts", [{"labels": one, "startsAt": ended, "endsAt": ended} for one in together])


def _named(alert: dict[str, str]) -> str:
    return json.dumps(alert, sort_keys=True)


def _inhibited(address: str, firing: int) -> list[str]:
    """Return the inhibited alerts, after Alertmanager has received all that fire and looked at them once more."""
    for _ in range(100):
        has_all = len(_ask(address, "alerts")) == firing
        time.sleep(0.05)
        if has_all:
            break
    result = _ask(address, "alerts")
    assert len(result) == firing
    return sorted(_named(alert["labels"]) for alert in result if alert["status"]["inhibitedBy"])


def _ask(address: str, what: str, said: object = None) -> Any:
    """Return the response of Alertmanager's API."""
    body = None if said is None else json.dumps(said).encode()
    request = urllib.request.Request(f"http://{address}/api/v2/{what}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text else None
