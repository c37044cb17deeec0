"""The permissions that docs/kafka.md grants, read from its kafka-acls commands."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

DOCUMENT = Path(__file__).parents[2] / "docs" / "kafka.md"

_KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional_id": ResourceType.TRANSACTIONAL_ID,
}

_BETWEEN_WORDS: Final = re.compile("(?<=[a-z])(?=[A-Z])")


def documented_acls(user: str) -> list[ACL]:
    """Return the permissions that docs/kafka.md grants to `user`."""
    commands = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("$acls ")]
    return [acl for line in commands for acl in _granted(line) if acl.principal == f"User:{user}"]


def acl_for(acl: ACL, user: str) -> ACL:
    """Return the same permission for another user."""
    return ACL(f"User:{user}", acl.host, acl.operation, acl.permission_type, acl.resource_pattern)


def _granted(line: str) -> Iterator[ACL]:
    options = argparse.ArgumentParser(exit_on_error=False)
    options.add_argument("--allow-principal")
    options.add_argument("--resource-pattern-type", default="literal")
    for name in ("operation", *_KINDS):
        options.add_argument(f"--{name.replace('_', '-')}", action="append", default=[])
    parsed = options.parse_args(shlex.split(line)[1:])
    pattern = ACLResourcePatternType[parsed.resource_pattern_type.upper()]
    for kind, resource in _KINDS.items():
        for name in getattr(parsed, kind):
            for name_of_operation in parsed.operation:
                operation = ACLOperation[_BETWEEN_WORDS.sub("_", name_of_operation).upper()]
                place = ResourcePattern(resource, name, pattern)
                yield ACL(parsed.allow_principal, "*", operation, ACLPermissionType.ALLOW, place)
