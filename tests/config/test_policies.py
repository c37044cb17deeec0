"""The keys of a policy file, and the errors of files that cannot be used."""

from __future__ import annotations

import tomllib

import pytest

from schemas.instants import from_datetime
from streams.config.policies import PolicyError, parse_policies
from streams.judging.policy import POLICY_KEYS, Assumed, Cancellation
from tests.histories import at, moment, policies_of

EVERYTHING = """
[[policy]]
name = "pickup"
version = 2
kind = "ready"
kept_by = ["ready", "picked_up"]
grace = "90s"
at_risk = "15m"
early = "broken"
due_before_made = "judge"
when = { location = "downtown", channel = ["app", "web"] }
assumed = { starts_with = "ordered", within = "2h" }
cancelled.by_us = { before_due = "excluded" }
cancelled.by_customer = { before_due = "broken", after_due = "excluded" }
effective_from = 2026-03-06T12:00:00Z
objective = 0.95
"""


def test_every_key_of_a_policy_is_read() -> None:
    [policy] = policies_of(EVERYTHING).all
    assert tomllib.loads(EVERYTHING)["policy"][0].keys() == POLICY_KEYS

    assert (policy.id, policy.kind, policy.kept_by) == ("pickup@2", "ready", ("ready", "picked_up"))
    assert (policy.grace, policy.at_risk, policy.assumed) == (90_000, 900_000, Assumed("ordered", 7_200_000))
    assert (policy.early, policy.due_before_made) == ("broken", "judge")
    assert policy.when == (("channel", frozenset({"app", "web"})), ("location", frozenset({"downtown"})))
    assert policy.cancelled == Cancellation("excluded", "broken", "broken", "excluded")
    assert policy.effective_from == at("12:00")
    assert policy.objective == 0.95


def test_keys_that_are_left_out_have_defaults() -> None:
    [policy] = policies_of('[[policy]]\nkind = "ready"\n').all

    assert (policy.id, policy.kept_by, policy.grace, policy.at_risk) == ("ready@1", ("ready",), 0, 0)
    assert (policy.early, policy.due_before_made, policy.when, policy.assumed) == ("kept", "reject", (), None)
    assert policy.cancelled == Cancellation("broken", "broken", "excluded", "broken")
    assert policy.effective_from == 0
    assert policy.objective is None


@pytest.mark.parametrize(
    ("text", "millis"), [("500ms", 500), ("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("1d", 86_400_000)]
)
def test_lengths_of_time_have_a_unit(text: str, millis: int) -> None:
    assert policies_of(f'[[policy]]\nkind = "ready"\ngrace = "{text}"\n').all[0].grace == millis


def test_policies_know_their_kinds_steps_and_ids() -> None:
    policies = policies_of(EVERYTHING + '[[policy]]\nkind = "delivered"\n')

    assert policies.kinds == {"ready", "delivered"}
    assert policies.steps == {"ready", "picked_up", "ordered", "delivered"}
    assert set(policies.by_id) == {"pickup@2", "delivered@1"}


def test_equal_texts_have_equal_fingerprints_and_different_texts_differ() -> None:
    one = parse_policies(EVERYTHING, "a.toml").fingerprint

    assert one == parse_policies(EVERYTHING, "b.toml").fingerprint
    assert one != parse_policies(EVERYTHING + "\n", "a.toml").fingerprint
    assert one.startswith("sha256:")


WRONG = {
    "no toml": ("kind = ", "pol.toml: not TOML: "),
    "nothing": ("", "pol.toml: no policies; write at least one [[policy]] table"),
    "no list": ("policy = 3", "pol.toml: no policies; write at least one [[policy]] table"),
    "single": ('[policy]\nkind = "ready"', "pol.toml: no policies; write at least one [[policy]] table"),
    "other table": ('[[rule]]\nkind = "ready"', "pol.toml: unknown key 'rule'; known are policy"),
    "not a table": ("policy = [1]", "pol.toml: policy 1: write it as a [[policy]] table"),
}
"""Whole files, and how the message begins."""

KEYS = {
    'gracee = "1m"': "pol.toml: policy 1: unknown key 'gracee'; known are assumed, at_risk, ",
    'kind = ""': "pol.toml: policy 1: kind = '': write a text, such as kind = \"ready\"",
    "kind = 7": 'pol.toml: policy 1: kind = 7: write a text, such as kind = "ready"',
    'name = ""': "pol.toml: policy 1 (): name = '': write a text, such as name = \"ready\"",
    "version = 0": "pol.toml: policy 1: version = 0: write a whole number from 1",
    "version = true": "pol.toml: policy 1: version = True: write a whole number from 1",
    "version = 1.5": "pol.toml: policy 1: version = 1.5: write a whole number from 1",
    "kept_by = []": "pol.toml: policy 1: kept_by = []: write a list of texts, such as kept_by = [",
    'kept_by = "ready"': "pol.toml: policy 1: kept_by = 'ready': write a list of texts, such as kept_by = [",
    'kept_by = [""]': "pol.toml: policy 1: kept_by = ['']: write a list of texts, such as kept_by = [",
    "grace = 90": 'pol.toml: policy 1: grace = 90: write a length of time as "500ms", "90s", ',
    'grace = "1 min"': "pol.toml: policy 1: grace = '1 min': write a length of time as \"500ms\", ",
    'grace = "-1m"': "pol.toml: policy 1: grace = '-1m': write a length of time as \"500ms\", ",
    'grace = "3651d"': "pol.toml: policy 1: grace = '3651d': write at most ten years, 3650d",
    'at_risk = "soon"': "pol.toml: policy 1: at_risk = 'soon': write a length of time as \"500ms\", ",
    'early = "late"': "pol.toml: policy 1: early = 'late': write one of 'kept', 'broken'",
    'due_before_made = "ask"': "pol.toml: policy 1: due_before_made = 'ask': write one of 'reject', 'judge'",
    'when = "downtown"': "pol.toml: policy 1: when = 'downtown': write a table with keys of channel, location, ",
    'when = { shop = "x" }': "pol.toml: policy 1: when: unknown key 'shop'; known are channel, location, segment",
    "when = { location = [] }": "pol.toml: policy 1: when = {'location': []}: write location = \"one\" or ",
    "when = { location = 3 }": "pol.toml: policy 1: when = {'location': 3}: write location = \"one\" or ",
    "assumed = {}": "pol.toml: policy 1: assumed = {}: write both: { starts_with = ",
    'assumed = "15m"': "pol.toml: policy 1: assumed = '15m': write a table with keys of starts_with, within",
    'assumed = { within = "15m" }': "pol.toml: policy 1: assumed = {'within': '15m'}: write both: { starts_with = ",
    'assumed = { starts_with = "ordered" }': "pol.toml: policy 1: assumed = {'starts_with': 'ordered'}: write both",
    'assumed = { starts_with = "ordered", within = 15 }': "pol.toml: policy 1: assumed = {'starts_with': 'ordered', ",
    'assumed = { until = "15m" }': "pol.toml: policy 1: assumed: unknown key 'until'; known are starts_with, within",
    'cancelled = "broken"': "pol.toml: policy 1: cancelled = 'broken': write a table with keys of by_customer, by_us",
    'cancelled = { by_them = "x" }': "pol.toml: policy 1: cancelled: unknown key 'by_them'; known are by_customer, ",
    'cancelled = { by_us = "broken" }': "pol.toml: policy 1: cancelled = {'by_us': 'broken'}: write by_us = { before",
    'cancelled.by_us.later = "broken"': "pol.toml: policy 1: cancelled.by_us: unknown key 'later'; known are after_",
    'cancelled.by_us.after_due = "kept"': "pol.toml: policy 1: cancelled = {'by_us': {'after_due': 'kept'}}: by_us.a",
    'effective_from = "2026-01-01"': "pol.toml: policy 1: effective_from = '2026-01-01': write an instant without",
    "effective_from = 2026-01-01": "pol.toml: policy 1: effective_from = datetime.date(2026, 1, 1): write an instant",
    "effective_from = 2026-01-01T00:00:00": "pol.toml: policy 1: effective_from = datetime.datetime(2026, 1, 1, 0, ",
    "effective_from = 1970-01-01T00:00:00Z": "pol.toml: policy 1: effective_from = ",
    "objective = 95": "pol.toml: policy 1: objective = 95: write a share between 0 and 1, such as 0.95",
    "objective = 1.0": "pol.toml: policy 1: objective = 1.0: write a share between 0 and 1, such as 0.95",
    "objective = 0.0": "pol.toml: policy 1: objective = 0.0: write a share between 0 and 1, such as 0.95",
    "objective = nan": "pol.toml: policy 1: objective = nan: write a share between 0 and 1, such as 0.95",
    'objective = "95 %"': "pol.toml: policy 1: objective = '95 %': write a share between 0 and 1, such as 0.95",
}
"""One wrong key in an else good policy, and how the message begins."""


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_policy_file_is_an_error(name: str) -> None:
    text, message = WRONG[name]
    with pytest.raises(PolicyError) as refused:
        parse_policies(text, "pol.toml")

    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("line", KEYS)
def test_a_wrong_key_is_named_with_file_and_remedy(line: str) -> None:
    text = "[[policy]]\n" + ("" if line.startswith("kind") else 'kind = "ready"\n') + line
    with pytest.raises(PolicyError) as refused:
        parse_policies(text, "pol.toml")

    assert str(refused.value).startswith(KEYS[line])


def test_an_error_names_the_policy_if_it_has_a_name() -> None:
    text = '[[policy]]\nkind = "ready"\n[[policy]]\nname = "pickup"\nkind = "ready"\ngrace = 3\n'
    with pytest.raises(PolicyError, match=r"^pol\.toml: policy 2 \(pickup\): grace = 3: "):
        parse_policies(text, "pol.toml")


def versions(*lines: str) -> str:
    return "".join(f"[[policy]]\n{line}\n" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        versions('kind = "ready"', 'kind = "ready"\nversion = 2'),
        versions('kind = "ready"\neffective_from = 2026-01-01T00:00:00Z', 'kind = "ready"\nversion = 2'),
        versions('kind = "ready"', 'name = "ready"\nkind = "warm"\nversion = 2\neffective_from = 2026-01-01T00:00:00Z'),
    ],
)
def test_a_later_version_must_take_effect_later_and_keep_the_kind(text: str) -> None:
    with pytest.raises(PolicyError, match=r"^pol\.toml: ready@2: a later version keeps the kind and has a later eff"):
        parse_policies(text, "pol.toml")


def test_a_version_cannot_occur_twice() -> None:
    with pytest.raises(PolicyError, match=r"^pol\.toml: ready@1 is there twice; give the newer one the next version"):
        parse_policies(versions('kind = "ready"', 'kind = "ready"'), "pol.toml")


def test_an_offset_in_effective_from_is_respected() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\neffective_from = 2026-03-06T13:00:00+01:00\n')

    assert policies.all[0].effective_from == from_datetime(moment("12:00"))
