"""Faults in snapshots and in how the time of a step is known, for `python -m tests.mutants` to plant."""

from __future__ import annotations

from typing import Final

from tests.mutants.planting import Mutant

SNAPSHOT_FAULTS: Final = (
    Mutant(
        "a snapshot: what is stated again amends",
        "streams.judging.fold:_stated",
        "existing is None or existing.started_by or window != _last_stated(state, existing)",
        "True",
    ),
    Mutant(
        "a snapshot: what is stated again after a phone call takes that back",
        "streams.judging.fold:_stated",
        "_last_stated(state, existing)",
        "existing.current",
    ),
    Mutant(
        "a snapshot: only what differs from the first statement is new",
        "streams.judging.fold:_stated",
        "_last_stated(state, existing)",
        "existing.original",
    ),
    Mutant(
        "a snapshot: an assumed due that is stated stays assumed",
        "streams.judging.fold:_stated",
        "existing is None or existing.started_by or window != _last_stated(state, existing)",
        "existing is None or window != _last_stated(state, existing)",
    ),
    Mutant(
        "a snapshot: a later statement becomes the original",
        "streams.judging.fold:_stated",
        "_add_promise(state, key, existing, fact, terms, policies)",
        "state.promises[key] = _new_promise(key, state, fact, terms, policies)",
    ),
    Mutant(
        "a snapshot: a statement never amends",
        "streams.judging.fold:_stated",
        "window != _last_stated(state, existing)",
        "False",
    ),
    Mutant(
        "a snapshot: what was stated is forgotten",
        "streams.judging.fold:_stated",
        "_rare_state(state).stated[key] = window",
        "",
    ),
    Mutant(
        "a snapshot: only the first statement is remembered",
        "streams.judging.fold:_stated",
        "_rare_state(state).stated[key] = window",
        "_rare_state(state).stated.setdefault(key, window)",
    ),
    Mutant(
        "a snapshot: the customer's wish counts as stated",
        "streams.judging.fold:_change_window",
        "_rare_state(state).stated.setdefault(promise.key, promise.original)",
        "",
    ),
    Mutant(
        "a snapshot: a later wish counts as stated before",
        "streams.judging.fold:_change_window",
        "_rare_state(state).stated.setdefault(promise.key, promise.original)",
        "_rare_state(state).stated[promise.key] = promise.original",
    ),
    Mutant("a snapshot: what it only remembers is not noticed", "streams.judging.fold:_stated", "is_new = True", ""),
    Mutant("a snapshot: it comes last of its instant", "streams.judging.facts:FactType", "-1", "10"),
    Mutant(
        "a snapshot: one that comes after the due is refused",
        "streams.judging.admission:_stated",
        "_terms(policies, promise.kind, promise.ordinal, promise.due, promise.opens, promise.origin)",
        "_made_terms(event, promise, policies)",
    ),
    Mutant(
        "evidence: a proxy is taken for measured", "streams.judging.fold:_reached", "fact.quality == _PROXY", "False"
    ),
    Mutant(
        "evidence: a status change is taken for a proxy",
        "streams.judging.fold:_reached",
        "fact.quality == _PROXY",
        "fact.quality",
    ),
    Mutant(
        "evidence: any proxy at that instant will do",
        "streams.judging.fold:is_assumed",
        "all((step in proxies for step in promise.policy.kept_by if reached.get(step) == completed))",
        "any((step in proxies for step in promise.policy.kept_by if reached.get(step) == completed))",
    ),
    Mutant(
        "evidence: any proxy ever will do",
        "streams.judging.fold:is_assumed",
        "reached.get(step) == completed",
        "step in reached",
    ),
    Mutant(
        "evidence: a proxy that was taken back stays one",
        "streams.judging.fold:_undone",
        "state.rare.proxies[fact.subject].remove(fact.name)",
        "",
    ),
    Mutant(
        "evidence: a proxy of one bag is one of another",
        "streams.judging.fold:is_assumed",
        "rare.proxies.get(subject, [])",
        "[step for steps in rare.proxies.values() for step in steps]",
    ),
    Mutant(
        "evidence: what is cancelled may be assumed",
        "streams.judging.settle:_judged",
        "original.lateness is not None and is_assumed(state, promise, completed)",
        "completed != NEVER and is_assumed(state, promise, completed)",
    ),
    Mutant(
        "evidence: that it was measured after all is not said",
        "streams.judging.settle:_judged",
        "is_as_before and assumed == before.assumed and (not before.retracted)",
        "is_as_before and (not before.retracted)",
    ),
    Mutant(
        "evidence: what is stored forgets how a time is known",
        "streams.judging.history:pack_fact",
        "if fact.quality:\n    return stored",
        "",
    ),
    Mutant(
        "evidence: what is stored forgets what stands instead",
        "streams.judging.history:pack_fact",
        "fact.terms or fact.replacement",
        "fact.terms",
    ),
)
