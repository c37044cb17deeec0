"""`promises check`: read policies and mappings as the other commands would, and say what is in them."""

from __future__ import annotations

from rich.console import Console

from streams.cli.options import MappingOption, PoliciesOption, clear_errors, load_mapping, load_policies


def check(policies: PoliciesOption = None, mapping: MappingOption = None) -> None:
    """Check a policy file and a mapping file; without --policies, show the default policies."""
    console = Console(highlight=False, soft_wrap=True)
    with clear_errors():
        rules, columns = load_policies(policies), load_mapping(mapping)
    for policy in rules.all:
        kept_by = " or ".join(policy.kept_by)
        console.print(f"{policy.id}: {policy.kind}, kept by {kept_by}, grace {policy.grace / 1000:g} s", markup=False)
    if columns is not None:
        console.print(f"{columns.source}: reads {', '.join(sorted(columns.columns))}", markup=False)
    console.print("no mistakes found")
