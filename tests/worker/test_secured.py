"""A secured Kafka: every command works with its documented permissions and not without; errors are one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from kafka.admin import ACL

from streams.kafka.clients import producer
from streams.kafka.connection import read_connection
from streams.kafka.topics import EVENTS
from streams.kafka.topics import REJECTS as REJECTED
from streams.wall_clock import wall_clock
from tests.cli.command import CommandResult, promises_process
from tests.gateway.gateways import Gateway, signature
from tests.notifier.process import Notifier, unreachable_webhook
from tests.support.acls import acl_for, documented_acls
from tests.support.certificates import Authority
from tests.support.secured import LOGIN, MUTUAL, SecuredKafka, secured_kafka
from tests.worker.answers import UNREACHABLE, assert_error
from tests.worker.records import Order, send, verdicts
from tests.worker.workers import Intake, Worker

COMMANDS: Final = "topics replay worker explain check status notify intake gateway tail rejects retry"
USERS: Final = tuple(f"promises-{command}" for command in COMMANDS.split())
TOPICS, REPLAY, WORKER, EXPLAIN, CHECK, STATUS, NOTIFY, INTAKE, GATEWAY, TAIL, REJECTS, RETRY = USERS
WEBHOOK_URL: Final = "https://hooks.example/square"
WEBHOOK: Final = f"""
[[feed]]
name = "square"
webhook = {{ scheme = "square", url = "{WEBHOOK_URL}", secrets = ["shopify"] }}
"""
PASSWORDS: Final = re.compile("knows it|sesame")
"""A part of every password here."""
CASE: Final = "o-1043"


class Shop:
    """A secured Kafka with all topics, and the connection files of the documented users."""

    def __init__(self, kafka: SecuredKafka) -> None:
        self.kafka = kafka
        self.files = {user: kafka.user(user) for user in USERS}
        self.certified = kafka.certified(EXPLAIN)
        kafka.grant(acl for user in USERS for acl in documented_acls(user))
        self.feeds = kafka.folder / "feeds.toml"
        self.feeds.write_text('[[feed]]\nname = "square"\n', "utf-8")
        self.created = self.run_as(TOPICS, "topics", "--feeds", self.feeds)

    @property
    def address(self) -> str:
        return self.kafka.local.bootstrap_of(LOGIN)

    def create_user(self, name: str, acls: Sequence[ACL]) -> Path:
        """Create a user with these permissions, and return the connection file."""
        file = self.kafka.user(name)
        self.kafka.grant(acl_for(acl, name) for acl in acls)
        return file

    def run_as(self, user: str, *command: str | Path) -> CommandResult:
        """Run a command as a documented user."""
        return self.run(self.files[user], *command)

    def run(self, file: Path, *command: str | Path, address: str | None = None) -> CommandResult:
        """Run a command with this connection file. It must never write a password."""
        answer = promises_process(*command, "--bootstrap", address or self.address, "--kafka-config", file)
        assert PASSWORDS.search(answer.err + answer.out) is None
        return answer


@pytest.fixture(scope="module")
def shop(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with secured_kafka(tmp_path_factory.mktemp("users")) as kafka:
        yield Shop(kafka)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file of an order that was promised, and ready in time."""
    order, made = Order(CASE, "soho"), wall_clock() - 60_000
    order_events = [order.promised(made, made + 30_000), order.reached("ready", made + 20_000)]
    file = tmp_path_factory.mktemp("events") / "events.ndjson"
    file.write_bytes(b"".join((event.value or b"") + b"\n" for event in order_events))
    return file


@pytest.fixture(scope="module")
def replayed(shop: Shop, events: Path) -> CommandResult:
    return shop.run_as(REPLAY, "replay", events)


def test_topics_are_created_with_the_documented_permissions(shop: Shop) -> None:
    assert (shop.created.code, shop.created.err) == (0, "")
    created = {line.split(": ")[1] for line in shop.created.out.splitlines()}
    assert created == {"created, 4 partitions", "created, 1 partition"}


def test_a_worker_judges_replayed_events(shop: Shop, replayed: CommandResult, tmp_path: Path) -> None:
    assert replayed.code == 0, replayed.err
    with Worker(shop.address, tmp_path, "--kafka-config", shop.files[WORKER]) as worker:
        worker.until(lambda page: page.sum("promises_state", location="soho", verdict="kept") > 0, "it judges")
        assert {row["state"] for row in shop.run_as(STATUS, "status", "--json").document["partitions"]} == {"live"}
        assert worker.stop() == 0
    log = worker.log.read_text()
    assert "Traceback" not in log
    assert PASSWORDS.search(log) is None
    assert {verdict.current.verdict for verdict in verdicts(shop.kafka.local.bootstrap, "soho")} == {"kept"}


def test_intake_reads_a_feed_with_the_documented_permissions(shop: Shop, tmp_path: Path) -> None:
    made = wall_clock()
    send(shop.kafka.local.bootstrap, Order("fed", "harbour").promised(made, made + 60_000), topic="feeds.square")
    with Intake(shop.address, tmp_path, shop.feeds, "--kafka-config", shop.files[INTAKE]) as intake:
        page = intake.until_read(1)
        assert page.sum("promises_intake_events_total", feed="square", type="promises_made") == 1
        assert intake.stop() == 0
    assert PASSWORDS.search(intake.log.read_text()) is None
    answer = shop.run_as(CHECK, "check", "--feeds", shop.feeds)
    assert (answer.code, answer.err) == (0, "")


def test_the_gateway_accepts_requests_with_the_documented_permissions(shop: Shop, tmp_path: Path) -> None:
    file = shop.files[GATEWAY]
    with Gateway(shop.address, tmp_path, "--kafka-config", file, feeds=WEBHOOK) as gateway:
        gateway.until_ready_to_serve()
        response = gateway.post("/square", b"{}", {"X-Square-Hmacsha256-Signature": signature(b"{}", url=WEBHOOK_URL)})
        created = gateway.post_manual("/promises", {"case": "o-77", "kind": "ready", "within": "20m"})
        assert (response.status, created.status) == (200, 201)


def test_intake_without_permissions_lists_all_that_it_needs(shop: Shop) -> None:
    answer = shop.run(shop.kafka.user("foreigner"), "intake", "--feeds", shop.feeds)
    written = ", ".join(f"promise.{name}" for name in ("events", "rejects", "needs_fetch", "intake"))
    topics = f"READ topic feeds.square, promise.intake; WRITE topic {written}"
    others = "READ group promises-intake; WRITE transactional id promises-intake-feeds.square-0"
    assert answer.code == UNREACHABLE
    assert f"user foreigner may not {topics}; {others}; grant" in answer.err


def test_explain_works_with_a_login_and_with_a_certificate(shop: Shop, replayed: CommandResult) -> None:
    login = shop.run_as(EXPLAIN, "explain", CASE, "--json")
    mutual = shop.run(shop.certified, "explain", CASE, "--json", address=shop.kafka.local.bootstrap_of(MUTUAL))
    assert (login.code, login.err, mutual.code, mutual.err) == (0, "", 0, "")
    promised: list[dict[str, Any]] = login.document["promises"]
    assert [promise["verdict"] for promise in promised] == ["kept"]
    assert mutual.document == login.document


def test_tail_rejects_and_retry_work_with_the_documented_permissions(shop: Shop, replayed: CommandResult) -> None:
    assert CASE in shop.run_as(TAIL, "tail", "--from-beginning", "--case", CASE, "--limit", "1").out
    refused = {"topic": EVENTS.name, "reason": "unknown_kind"}
    with closing(producer(read_connection(shop.address, shop.files[WORKER]))) as worker:
        headers = [(name, text.encode()) for name, text in refused.items()]
        worker.send(REJECTED.name, b"{}", key=b"o-1044", headers=headers).get(30)
    assert shop.run_as(REJECTS, "rejects", "list").out.startswith("1 refused record waits")
    assert shop.run_as(RETRY, "rejects", "retry", "--yes").err == "1 of 1 sent\n"
    answer = shop.run_as(REJECTS, "rejects", "list", "--json")
    assert (answer.document["waiting"], answer.document["retried"]) == (0, 1)


def test_check_needs_the_permission_to_describe_topics(shop: Shop) -> None:
    answer = shop.run_as(CHECK, "check")
    assert (answer.code, answer.err) == (0, "")
    assert_error(shop.run_as(WORKER, "check"), UNREACHABLE, shop.address, "DESCRIBE topic promise.intake")
    assert_error(shop.run_as(TOPICS, "status"), UNREACHABLE, shop.address, "DESCRIBE topic promise.events")


def test_a_notifier_ends_when_its_permissions_are_revoked(shop: Shop, tmp_path: Path) -> None:
    file = shop.create_user("substitute", documented_acls(NOTIFY))
    with Notifier(shop.address, "http://127.0.0.1:9/", tmp_path, "--kafka-config", file) as notifier:
        notifier.until_said("reading promise.alerts, partitions 0, 1, 2, 3")
        shop.kafka.revoke(acl_for(acl, "substitute") for acl in documented_acls(NOTIFY))
        assert notifier.process.wait(30) == UNREACHABLE
    output = notifier.log.read_text()
    assert "Traceback" not in output
    assert PASSWORDS.search(output) is None
    assert "promise.alerts can no longer be read as group promises-notify: " in output


def test_a_notifier_without_permissions_lists_all_that_it_needs(shop: Shop, tmp_path: Path) -> None:
    answer = shop.run(shop.kafka.user("idler"), "notify", *unreachable_webhook(tmp_path))
    assert_error(answer, UNREACHABLE, "user idler may not READ topic promise.alerts; READ group promises-notify; grant")


@pytest.mark.parametrize("command", ["worker", "topics"])
def test_a_wrong_password(command: str, shop: Shop) -> None:
    file = shop.kafka.login(WORKER, "sesame")
    assert_error(shop.run(file, command), UNREACHABLE, shop.address, f"user {WORKER}", "password", "--kafka-config")


@pytest.mark.parametrize("command", ["worker", "topics"])
def test_a_certificate_authority_that_did_not_sign_the_certificate_of_the_broker(command: str, shop: Shop) -> None:
    file = shop.kafka.login(WORKER, "sesame", ca=Authority().certificate)
    assert_error(shop.run(file, command), UNREACHABLE, shop.address, "certificate is not trusted", "issuer", "tls.ca")


def test_a_broker_name_that_is_not_in_its_certificate(shop: Shop) -> None:
    address = shop.address.replace("127.0.0.1", "localhost")
    answer = shop.run(shop.files[WORKER], "worker", address=address)
    assert_error(answer, UNREACHABLE, address, "not valid for 'localhost'", "--bootstrap")


def test_a_mechanism_that_the_broker_does_not_support(shop: Shop) -> None:
    file = shop.kafka.login(WORKER, "sesame", mechanism="SCRAM-SHA-256")
    assert_error(shop.run(file, "worker"), UNREACHABLE, shop.address, "SCRAM-SHA-256", "sasl.mechanism")


def test_a_login_instead_of_a_certificate(shop: Shop) -> None:
    address = shop.kafka.local.bootstrap_of(MUTUAL)
    answer = shop.run(shop.files[WORKER], "worker", address=address)
    assert_error(answer, UNREACHABLE, address, "SASL_SSL", "tls.certificate", "--kafka-config")


def test_a_certificate_instead_of_a_login(shop: Shop) -> None:
    assert_error(shop.run(shop.certified, "worker"), UNREACHABLE, shop.address, "over SSL", "[sasl]", "--kafka-config")


@pytest.mark.parametrize(
    ("denied", "missing"),
    [
        ("name=promise.events", "READ topic promise.events"),
        ("type=GROUP", "READ group promises"),
        ("type=TRANSACTIONAL_ID", "WRITE transactional id promises-promise.events-0"),
        ("name=promise.verdicts", "WRITE topic promise.verdicts"),
    ],
)
def test_a_worker_names_the_one_missing_permission(denied: str, missing: str, shop: Shop) -> None:
    granted = documented_acls(WORKER)
    acls = [acl for acl in granted if denied not in repr(acl)]
    assert len(acls) == len(granted) - 1
    name = f"apprentice-{missing.split()[1]}-{missing.split('.')[-1]}".replace(" ", "-")
    answer = shop.run(shop.create_user(name, acls), "worker")
    assert_error(answer, UNREACHABLE, shop.address, f"user {name} may not {missing};", "kafka-acls", "docs/kafka.md")


def test_a_worker_without_permissions_lists_all_that_it_needs(shop: Shop) -> None:
    answer = shop.run(shop.kafka.user("stranger"), "worker")
    written = ", ".join(f"promise.{name}" for name in ("changelog", "verdicts", "alerts", "rejects"))
    topics = f"READ topic promise.events, promise.changelog; WRITE topic {written}"
    others = "READ group promises; WRITE transactional id promises-promise.events-0"
    assert_error(answer, UNREACHABLE, f"user stranger may not {topics}; {others}; grant")


@pytest.mark.parametrize(
    ("revoked", "missing"), [("type=GROUP", "promises"), ("name=promise.events", "promise.events")]
)
def test_a_worker_whose_permission_is_revoked_ends_and_names_it(
    revoked: str, missing: str, shop: Shop, tmp_path: Path
) -> None:
    name = f"dismissed-{missing}"
    acls = [acl_for(acl, name) for acl in documented_acls(WORKER)]
    with Worker(shop.address, tmp_path, "--kafka-config", shop.create_user(name, acls)) as worker:
        worker.until_ready()
        shop.kafka.revoke(acl for acl in acls if revoked in repr(acl))
        assert worker.process.wait(30) not in (0, UNREACHABLE)
    log = worker.log.read_text()
    assert "Traceback" not in log
    (line,) = [line for line in log.splitlines() if "CRITICAL" in line]
    assert f"AuthorizationFailedError: {missing}" in line


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (("topics",), "CREATE topic promise.events"),
        (("replay", "-"), "WRITE topic promise.events"),
        (("explain", CASE), "READ topic promise.events"),
        (("tail",), "READ topic promise.events"),
        (("rejects", "list"), "READ topic promise.rejects"),
    ],
)
def test_a_command_names_its_missing_permission(command: tuple[str, ...], missing: str, shop: Shop) -> None:
    answer = shop.run(shop.kafka.user(f"visitor-{command[0]}"), *command)
    assert_error(answer, UNREACHABLE, shop.address, f"visitor-{command[0]} may not {missing}", "kafka-acls")


def test_the_permission_to_list_rejects_does_not_include_retry(shop: Shop) -> None:
    with closing(producer(read_connection(shop.address, shop.files[WORKER]))) as worker:
        worker.send(REJECTED.name, b"{}", headers=[("topic", EVENTS.name.encode()), ("reason", b"not_json")]).get(30)
    answer = shop.run_as(REJECTS, "rejects", "retry", "--yes")
    written = f"WRITE topic {EVENTS.name}, {REJECTED.name}; WRITE transactional id promises-rejects-retry"
    assert (answer.code, f"user {REJECTS} may not {written}; grant it" in answer.err) == (UNREACHABLE, True)
