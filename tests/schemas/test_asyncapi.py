"""The AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.generate import RECORDS
from schemas.reading import REFUSAL_REASONS

DOCUMENT = Path(__file__).parents[2] / "schemas" / "asyncapi.json"


def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
    return document


def references(node: Any) -> Iterator[str]:
    """Yield every `$ref` in a document."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
    if isinstance(node, dict | list):
        for item in node.values() if isinstance(node, dict) else node:
            yield from references(item)


def target(document: Any, reference: str) -> Any:
    """Resolve a `$ref` into `document`. Raises KeyError if it has no target."""
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_every_reference_of_the_asyncapi_document_can_be_resolved() -> None:
    document = asyncapi()
    all_references = list(references(document))
    assert len(all_references) > len(RECORDS)
    assert all(target(document, reference) for reference in all_references)


def messages_of(topic: str) -> dict[str, Any]:
    document = asyncapi()
    (channel,) = (channel for channel in document["channels"].values() if channel["address"] == topic)
    return {name: target(document, link["$ref"]) for name, link in channel["messages"].items()}


def test_the_topics_carry_the_records_of_the_types() -> None:
    assert set(messages_of("promise.events")) == {record.__struct_config__.tag for record in RECORDS}
    assert set(messages_of("promise.verdicts")) == {"verdict"}
    assert set(messages_of("promise.alerts")) == {"alert"}
    assert set(messages_of("promise.rejects")) == {"reject"}
    assert set(messages_of("promise.needs_fetch")) == {"thin"}


def test_all_records_but_clocks_are_keyed_by_the_case() -> None:
    everything = messages_of("promise.events") | messages_of("promise.verdicts") | messages_of("promise.alerts")
    keys = {name: message["bindings"]["kafka"]["key"] for name, message in everything.items()}
    assert "type" not in keys.pop("clock")
    assert all(key["description"].startswith("The case") for key in keys.values())


def test_a_needs_fetch_record_has_headers_with_kind_and_ref() -> None:
    thin = messages_of("promise.needs_fetch")["thin"]["headers"]
    assert {"kind", "ref", "feed", "adapter"} <= set(thin["required"])


def test_a_reject_has_headers_with_reason_and_origin() -> None:
    headers = messages_of("promise.rejects")["reject"]["headers"]
    assert headers["required"] == ["reason", "detail", "topic", "partition", "offset", "timestamp"]
    assert set(headers["properties"]) == {*headers["required"], "feed", "adapter"}
    assert headers["properties"]["reason"]["enum"] == list(REFUSAL_REASONS)
