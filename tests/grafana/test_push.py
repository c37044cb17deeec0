"""Tests of `promises dashboards` with the fake Grafana of `tests.grafana.fake_grafana`."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.dashboards import TOKEN
from streams.cli.main import app_of
from streams.grafana.push import own_dashboards
from streams.local.ports import free_ports
from tests.cli.command import CommandResult, promises
from tests.grafana import fake_grafana
from tests.grafana.fake_grafana import EDITOR, VIEWER, Grafana
from tests.support.certificates import Authority, written

UNREADABLE, USAGE = 3, 2
UIDS = ["promises-location", "promises-overview", "promises-pipeline", "promises-staff"]


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with fake_grafana.running() as server:
        yield server


def command(*arguments: str | Path, token: str = EDITOR) -> CommandResult:
    """Run `promises dashboards ARGUMENTS` in this process, which is faster than a process of its own."""
    settings = {name: None for name in os.environ if name.startswith("PROMISES_")}
    result = CliRunner().invoke(app_of(), ["dashboards", *map(str, arguments)], env=settings | {TOKEN: token})
    return CommandResult(result.exit_code, result.stdout, result.stderr)


def push(url: str, *more: str | Path, token: str = EDITOR) -> CommandResult:
    return command("push", "--url", url, *more, token=token)


def error_line(answer: CommandResult, code: int = UNREADABLE) -> str:
    """Return the one error line of a command that failed."""
    assert (answer.code, answer.out) == (code, ""), answer
    (line,) = answer.err.splitlines()
    return line


def changes(grafana: Grafana) -> list[str]:
    return [one for one in grafana.asked if not one.startswith("GET")]


def test_the_first_push_creates_the_folder_and_its_dashboards(grafana: Grafana) -> None:
    answer = push(grafana.url)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == ["folder promises: created", *(f"{uid}: created" for uid in UIDS)]
    assert grafana.folders["promises"]["title"] == "Promises"
    assert grafana.homes == dict.fromkeys(UIDS, "promises")
    overview = next(one for one in own_dashboards() if one["uid"] == "promises-overview")
    assert grafana.dashboards["promises-overview"] == overview | {"id": 2, "version": 1}


def test_pushing_again_changes_nothing(grafana: Grafana) -> None:
    push(grafana.url)
    grafana.asked.clear()
    answer = push(grafana.url)
    assert answer.out.splitlines() == ["folder promises: unchanged", *(f"{uid}: unchanged" for uid in UIDS)]
    assert changes(grafana) == []


def test_a_dashboard_that_was_changed_or_moved_is_put_right_and_the_others_are_left_alone(grafana: Grafana) -> None:
    push(grafana.url)
    grafana.dashboards["promises-staff"]["title"] = "Who is worst"
    grafana.homes["promises-pipeline"] = "elsewhere"
    answer = push(grafana.url)
    assert answer.out.splitlines()[-2:] == ["promises-pipeline: updated", "promises-staff: updated"]
    assert "promises-overview: unchanged" in answer.out
    assert grafana.dashboards["promises-staff"]["version"] == 2
    assert grafana.homes["promises-pipeline"] == "promises"


def test_a_dry_run_shows_the_changes_and_makes_none(grafana: Grafana) -> None:
    answer = push(grafana.url, "--dry-run")
    assert answer.out.splitlines()[:2] == ["folder promises: would be created", "promises-location: would be created"]
    assert changes(grafana) == []
    push(grafana.url)
    assert "would be" not in push(grafana.url, "--dry-run").out


def test_a_folder_that_was_renamed_in_grafana_is_found_by_its_uid(grafana: Grafana) -> None:
    push(grafana.url)
    grafana.folders["promises"]["title"] = "Promesses"
    assert push(grafana.url).code == 0
    assert grafana.folders["promises"]["title"] == "Promesses"


def test_a_grafana_under_a_path_is_found(tmp_path: Path) -> None:
    token = written(tmp_path, "token", f"{EDITOR}\n")
    with fake_grafana.running("/grafana") as grafana:
        answer = promises("dashboards", "push", "--url", f"{grafana.url}/", "--token-file", token)
        assert promises("dashboards", "push", "--url", f"{grafana.url}/wrong", "--token-file", token).code == UNREADABLE
    assert (answer.code, len(grafana.dashboards)) == (0, 4)


def test_an_invalid_token(grafana: Grafana) -> None:
    line = error_line(push(grafana.url, token="glsa_old"))
    assert f"{grafana.url} responds 401 to GET /folders/promises" in line
    assert "give one of a service account" in line
    assert "glsa_old" not in line


def test_a_token_without_write_permission(grafana: Grafana) -> None:
    line = error_line(push(grafana.url, token=VIEWER))
    assert (
        "responds 403 to POST /folders; the token lacks the permission: give its service account the role Editor"
        in line
    )
    assert "You'll need additional permissions" in line


def test_a_url_that_is_not_a_grafana(grafana: Grafana) -> None:
    for dry in ([], ["--dry-run"]):
        line = error_line(push(f"{grafana.url}/grafana", *dry))
        assert "responds 404 to GET /folders/promises; this is not a Grafana" in line


def test_an_api_without_folders(grafana: Grafana) -> None:
    grafana.always = fake_grafana.Answer(404, {"message": "Not found"})
    assert "responds 404 to POST /folders; this is not a Grafana" in error_line(push(grafana.url))


def test_a_dashboard_that_is_saved_by_another_user_at_the_same_time(grafana: Grafana) -> None:
    push(grafana.url)
    grafana.dashboards["promises-location"]["title"] = "Mine"
    grafana.seen_before_saving = grafana.dashboards["promises-location"] | {"version": 7}
    answer = push(grafana.url)
    assert (answer.code, answer.out) == (UNREADABLE, "folder promises: unchanged\n")
    assert "responds 412 to POST /dashboards/db; it was changed at the same time" in answer.err
    assert "changed by someone else" in answer.err
    assert grafana.dashboards["promises-location"]["title"] == "Mine"


def test_another_dashboard_of_the_folder_has_the_title(grafana: Grafana) -> None:
    push(grafana.url)
    grafana.dashboards["by-hand"] = grafana.dashboards.pop("promises-staff") | {"uid": "by-hand"}
    grafana.homes["by-hand"] = grafana.homes.pop("promises-staff")
    assert "412" in push(grafana.url).err


def test_another_folder_has_the_title(grafana: Grafana) -> None:
    grafana.folders["by-hand"] = {"uid": "by-hand", "title": "Promises"}
    assert "responds 409 to POST /folders; another object has this title or uid" in error_line(push(grafana.url))
    assert push(grafana.url, "--folder", "Promises kept").code == 0


@pytest.mark.parametrize("status", [200, 401, 503])
def test_an_html_page_instead_of_json(grafana: Grafana, status: int) -> None:
    grafana.always = fake_grafana.Answer(status, "<html>a message of the proxy</html>", "text/html")
    remedy = {200: "this is not a Grafana", 401: "the token is not valid", 503: "has a problem"}[status]
    assert remedy in error_line(push(grafana.url))


def test_truncated_json(grafana: Grafana) -> None:
    grafana.always = fake_grafana.Answer(200, '{"uid": "promi')
    assert "this is not a Grafana" in error_line(push(grafana.url))


def test_a_redirect(grafana: Grafana) -> None:
    grafana.always = fake_grafana.Answer(302, "", location="https://grafana.example/login")
    line = error_line(push(grafana.url))
    assert line.endswith("redirects to https://grafana.example/login: give that address as --url")
    assert grafana.asked == ["GET /api/folders/promises"]


def test_a_refused_connection() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert f"{url} cannot be reached" in error_line(push(url))
    assert "cannot be reached" in error_line(push("http://grafana.invalid"))


def test_a_certificate_is_trusted_by_file_alone(tmp_path: Path) -> None:
    authority = Authority()
    signed = authority.sign("127.0.0.1")
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(
        written(tmp_path, "server.pem", signed.certificate), written(tmp_path, "server.key", signed.key)
    )
    trusted = written(tmp_path, "ca.pem", authority.certificate)
    with fake_grafana.running(tls=ours) as grafana:
        assert push(grafana.url, "--ca-file", trusted).code == 0
        assert "its certificate is not trusted" in error_line(push(grafana.url))
        nonsense = written(tmp_path, "nonsense.pem", "nonsense")
        assert "ca-file" in error_line(push(grafana.url, "--ca-file", nonsense))


def test_https_to_a_server_without_tls(grafana: Grafana) -> None:
    assert "--url is not https" in error_line(push(grafana.url.replace("http:", "https:")))


@pytest.mark.parametrize(
    "url",
    ["grafana:3000", "ftp://grafana", "http://", "http://admin:secret@grafana", "http://grafana/?a=1", "http://a:x"],
)
def test_an_invalid_url(url: str) -> None:
    line = error_line(push(url), USAGE)
    assert line.startswith(f"promises: --url {url}: ")


def test_a_missing_or_invalid_token(tmp_path: Path) -> None:
    assert "there is no token" in error_line(push("http://grafana", token=""), USAGE)
    assert "in one line" in error_line(push("http://grafana", token="two words"), USAGE)
    assert "cannot be read" in error_line(push("http://grafana", "--token-file", tmp_path / "gone"), USAGE)
    assert "cannot be read" in error_line(push("http://grafana", "--ca-file", tmp_path / "gone"), USAGE)


def annotate(grafana: Grafana, *arguments: str) -> CommandResult:
    at = ("--url", grafana.url, "--from", "2026-03-06T12:00Z")
    return command("annotate", *at, *arguments)


def test_an_incident_is_written_once_and_changed_when_more_is_known(grafana: Grafana) -> None:
    told = ("leeds-7", "--text", "Oven down", "--tag", "fish & chips")
    assert annotate(grafana, *told).out == "incident leeds-7: created\n"
    assert annotate(grafana, *told).out == "incident leeds-7: unchanged\n"
    until = (*told, "--to", "2026-03-06T12:40Z")
    assert annotate(grafana, *until, "--dry-run").out == "incident leeds-7: would be updated\n"
    assert annotate(grafana, *until).out == "incident leeds-7: updated\n"
    (note,) = grafana.annotations
    assert (note["time"], note["timeEnd"]) == (1772798400000, 1772800800000)
    assert note["tags"] == ["promises-incident", "incident:leeds-7", "fish & chips"]


def test_another_incident_is_another_annotation(grafana: Grafana) -> None:
    annotate(grafana, "leeds-7", "--text", "Oven down")
    annotate(grafana, "leeds-8", "--text", "Oven down")
    assert len(grafana.annotations) == 2


def test_an_incident_that_ends_before_it_began_is_refused(grafana: Grafana) -> None:
    answer = annotate(grafana, "leeds-7", "--text", "Oven down", "--to", "2026-03-06T11:00Z")
    assert "is before --from" in error_line(answer, USAGE)
    assert "incident leeds 7" in error_line(annotate(grafana, "leeds 7", "--text", "Oven down"), USAGE)
