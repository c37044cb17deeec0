"""Schemas of Avro writers, out of a folder and out of a registry: a real one, and stand-ins that misbehave."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka.schema_registry import Schema as RegisteredSchema
from confluent_kafka.schema_registry import SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from streams.adapters.envelopes import Schema, SchemaUnavailable
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.schema_registry import RegistryLogin, SchemaFolder, SchemaFolderError, SchemaRegistry, schemas_at
from tests.adapters.envelopes.wrapping import Sent, opened, refused
from tests.support.registry import Unavailable, schema_registry

_ORDER: Final = json.dumps(
    {
        "type": "record",
        "name": "Order",
        "namespace": "shop",
        "fields": [{"name": "id", "type": "string"}, {"name": "lines", "type": {"type": "array", "items": "int"}}],
    }
)
_GUID: Final = "b0cd1ed2-0a57-4a8c-b7c7-0b5f4e1f9a00"
_VALUE: Final = {"id": "o-17", "lines": [1, 2]}


@pytest.fixture(scope="module")
def registry(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with schema_registry(tmp_path_factory.mktemp("registry")) as url:
            yield url
    except Unavailable as reason:
        pytest.skip(str(reason))


def _opened(serializer: Any, value: Any, url: str) -> OpenedRecord:
    """Open a record of a Confluent serializer with the schemas of the registry at `url`."""
    written = serializer(value, SerializationContext("orders", MessageField.VALUE))
    return opened(Sent(written), SchemaRegistry(url))


def test_a_record_of_confluents_avro_serializer_is_opened(registry: str) -> None:
    serializer = AvroSerializer(SchemaRegistryClient({"url": registry}), _ORDER)
    assert _opened(serializer, _VALUE, registry).body == _VALUE


def test_a_record_of_confluents_json_serializer_is_opened(registry: str) -> None:
    schema = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object"})
    serializer = JSONSerializer(schema, SchemaRegistryClient({"url": registry}))
    assert _opened(serializer, _VALUE, registry).body == _VALUE


def test_a_schema_that_refers_to_schemas_of_other_subjects_is_read_with_them(registry: str) -> None:
    client = SchemaRegistryClient({"url": registry})
    money = {"type": "record", "name": "Money", "namespace": "shop", "fields": [{"name": "cents", "type": "int"}]}
    bill = {"type": "record", "name": "Bill", "namespace": "shop", "fields": [{"name": "total", "type": "shop.Money"}]}
    visit = {"type": "record", "name": "Visit", "namespace": "shop", "fields": [{"name": "bill", "type": "shop.Bill"}]}
    client.register_schema("money", RegisteredSchema(json.dumps(money), "AVRO"))
    to_money = [SchemaReference("shop.Money", "money", 1)]
    client.register_schema("bill", RegisteredSchema(json.dumps(bill), "AVRO", to_money))
    to_bill = [SchemaReference("shop.Bill", "bill", 1)]
    serializer = AvroSerializer(client, RegisteredSchema(json.dumps(visit), "AVRO", to_bill))
    value = {"bill": {"total": {"cents": 1250}}}
    assert _opened(serializer, value, registry).body == value


def test_an_id_that_the_registry_does_not_know_is_refused(registry: str) -> None:
    assert "schema 4711 is unknown" in refused(Sent(b"\x00\x00\x00\x12\x67\x02"), SchemaRegistry(registry)).detail


def test_an_address_without_the_path_of_the_interface_is_an_error(registry: str) -> None:
    bare = registry.removesuffix("/apis/ccompat/v7")
    with pytest.raises(SchemaUnavailable, match="check the address"):
        SchemaRegistry(bare).schema(1)


class _FakeRegistry:
    """A registry with the given answers, which records the requests."""

    def __init__(self, answers: Mapping[str, tuple[int, bytes]]) -> None:
        self.answers = dict(answers)
        self.requested: list[str] = []
        self.logins: list[str | None] = []


@contextmanager
def _serving(fake: _FakeRegistry) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.requested.append(self.path)
            fake.logins.append(self.headers["Authorization"])
            status, body = fake.answers.get(self.path, (404, b'{"error_code": 40403, "message": "not found"}'))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _answer(**fields: Any) -> tuple[int, bytes]:
    return 200, json.dumps(fields).encode()


def test_a_schema_is_requested_once_by_number_or_by_guid() -> None:
    answers = {"/schemas/ids/17": _answer(schema=_ORDER), f"/schemas/guids/{_GUID}": _answer(schema=_ORDER)}
    fake = _FakeRegistry(answers)
    with _serving(fake) as url:
        registry = SchemaRegistry(f"{url}/")
        for id in (17, _GUID, 17, _GUID):
            assert registry.schema(id) == Schema("AVRO", _ORDER)
    assert fake.requested == ["/schemas/ids/17", f"/schemas/guids/{_GUID}"]


def test_an_unknown_id_is_requested_again_after_half_a_minute() -> None:
    fake, now = _FakeRegistry({}), [0.0]
    with _serving(fake) as url:
        registry = SchemaRegistry(url, clock=lambda: now[0])
        assert (registry.schema(17), registry.schema(17), len(fake.requested)) == (None, None, 1)
        now[0] = 31.0
        fake.answers["/schemas/ids/17"] = _answer(schema=_ORDER)
        assert registry.schema(17) == Schema("AVRO", _ORDER)


def test_user_and_password_are_sent_and_appear_in_no_message() -> None:
    fake = _FakeRegistry({"/schemas/ids/17": (401, b'{"error_code": 40101, "message": "no"}')})
    with _serving(fake) as url:
        place = url.replace("http://", "http://till:s%23cret@")
        with pytest.raises(SchemaUnavailable, match="does not let user till read") as message:
            SchemaRegistry(place).schema(17)
        with pytest.raises(SchemaUnavailable, match="does not let us without a user"):
            SchemaRegistry(url).schema(17)
        with pytest.raises(SchemaUnavailable, match="does not let user other"):
            SchemaRegistry(place, RegistryLogin("other", "x")).schema(17)
    assert fake.logins[0] == "Basic " + base64.b64encode(b"till:s#cret").decode()
    assert "cret" not in str(message.value)


_NOTHING: Final = b"{}"
_LOST: Final = {"references": [{"name": "shop.Money", "subject": "money", "version": 1}], "schema": _ORDER}
_ENDLESS: Final = {"references": [{"subject": "a b/c", "version": 1}], "schema": _ORDER}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((500, b'{"error_code": 50001}'), "answers 500"),
        ((302, b""), "answers 302"),
        ((200, b"<html>"), "something else than a schema"),
        ((200, b"[1]"), "something else than a schema"),
        ((404, b"<html>"), "something else than a schema"),
        ((404, b'{"error_code": 404}'), "check the address"),
        (_answer(), "without a schema"),
        (_answer(**_LOST), "does not have version 1 of money"),
        (_answer(references=[{"name": "x"}], schema=_ORDER), "reference without subject"),
    ],
)
def test_records_wait_while_a_registry_misbehaves_and_the_error_says_why(
    answer: tuple[int, bytes], message: str
) -> None:
    with _serving(_FakeRegistry({"/schemas/ids/17": answer})) as url, pytest.raises(SchemaUnavailable) as why:
        SchemaRegistry(url).schema(17)
    assert str(why.value).startswith(f"the schema registry {url} ")
    assert message in str(why.value)


def test_schemas_that_refer_to_each_other_do_not_recurse_forever() -> None:
    answers = {"/schemas/ids/17": _answer(**_ENDLESS), "/subjects/a%20b%2Fc/versions/1": _answer(**_ENDLESS)}
    with _serving(_FakeRegistry(answers)) as url:
        assert SchemaRegistry(url).schema(17) == Schema("AVRO", _ORDER, (_ORDER,))


def test_records_wait_if_no_registry_answers() -> None:
    with _serving(_FakeRegistry({})) as url:
        pass
    with pytest.raises(SchemaUnavailable, match="does not answer"):
        SchemaRegistry(url).schema(17)


def test_a_folder_has_schemas_by_number_and_by_guid(tmp_path: Path) -> None:
    (tmp_path / "17.avsc").write_text(_ORDER)
    (tmp_path / f"{_GUID.upper()}.avsc").write_text(_ORDER)
    (tmp_path / "18.json").write_text("{}")
    (tmp_path / "README.md").write_text("the schemas of our tills")
    folder = schemas_at(str(tmp_path))
    assert isinstance(folder, SchemaFolder)
    assert (folder.schema(17), folder.schema(_GUID)) == (Schema("AVRO", _ORDER), Schema("AVRO", _ORDER))
    assert (folder.schema(18), folder.schema(19)) == (Schema("JSON", "{}"), None)


def test_a_url_is_a_registry() -> None:
    assert isinstance(schemas_at("https://registry.example"), SchemaRegistry)


def test_a_file_that_is_not_named_by_an_id_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "order.avsc").write_text(_ORDER)
    with pytest.raises(SchemaFolderError, match=r"order\.avsc: name it by the id"):
        SchemaFolder(tmp_path)


def test_a_folder_that_is_not_there_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SchemaFolderError, match="none: cannot be read"):
        SchemaFolder(tmp_path / "none")
