"""Mistakes about snapshots and about how the time of a step is known, for tests/mutants.py to plant."""

from __future__ import annotations

from typing import Final

from tests.planted_mutant import Mutant

_FOLD: Final = "streams/judging/fold.py"
_NEW: Final = "if existing is None or existing.started_by or window != _last_stated(state, existing):"
_KEPT: Final = "            _rare_state(state).stated.setdefault(promise.key, promise.original)\n"

SNAPSHOT_MUTANTS: Final = (
    *(
        Mutant(f"a snapshot: {what}", _FOLD, original, mutated)
        for what, original, mutated in (
            ("what is stated again amends", _NEW, "if True:"),
            (
                "what is stated again after a phone call takes that back",
                "or window != _last_stated(state, existing):", "or window != existing.current:",
            ),
            (
                "only what differs from the first statement is new",
                "or window != _last_stated(state, existing):", "or window != existing.original:",
            ),
            (
                "an assumed due that is stated stays assumed",
                "existing is None or existing.started_by or",
                "existing is None or",
            ),
            (
                "a later statement becomes the original",
                "_add_promise(state, key, existing, fact, terms, policies)\n            if",
                "state.promises[key] = _new_promise(key, state, fact, terms, policies)\n            if",
            ),
            ("a statement never amends", _NEW, "if existing is None or existing.started_by:"),
            (
                "what was stated is forgotten",
                "                _rare_state(state).stated[key] = window\n", "                pass\n",
            ),
            (
                "only the first statement is remembered",
                "_rare_state(state).stated[key] = window", "_rare_state(state).stated.setdefault(key, window)",
            ),
            ("the customer's wish counts as stated", _KEPT, "            pass\n"),
            (
                "a later wish counts as stated before",
                _KEPT, "            _rare_state(state).stated[promise.key] = promise.original\n",
            ),
            ("what it only remembers is not noticed", "            is_new = True\n", ""),
        )
    ),
    Mutant(
        "a snapshot: it comes last of its instant",
        "streams/judging/facts.py", "    STATED = -1 ", "    STATED = 10 ",
    ),
    Mutant(
        "a snapshot: one that comes after the due is refused",
        "streams/judging/admission.py",
        "            _terms(policies, promise.kind, promise.ordinal, promise.due, promise.opens, promise.origin)",
        "            _made_terms(event, promise, policies)",
    ),
    *(
        Mutant(f"evidence: {what}", module, original, mutated)
        for what, module, original, mutated in (
            ("a proxy is taken for measured", _FOLD, "if fact.quality == _PROXY:", "if False:"),
            ("a status change is taken for a proxy", _FOLD, "if fact.quality == _PROXY:", "if fact.quality:"),
            ("any proxy at that instant will do", _FOLD, "return all(step in proxies", "return any(step in proxies"),
            ("any proxy ever will do", _FOLD, "for step in promise.policy.kept_by if reached.get(step) == completed)",
             "for step in promise.policy.kept_by if step in reached)"),
            ("a proxy that was taken back stays one", _FOLD,
             "        state.rare.proxies[fact.subject].remove(fact.name)\n", "        pass\n"),
            ("a proxy of one bag is one of another", _FOLD,
             'rare.proxies.get(subject, [])', '[step for steps in rare.proxies.values() for step in steps]'),
            ("what is cancelled may be assumed", "streams/judging/settle.py",
             "assumed = original.lateness is not None and ", "assumed = completed != NEVER and "),
            ("that it was measured after all is not said", "streams/judging/settle.py",
             "if is_as_before and assumed == before.assumed and", "if is_as_before and"),
            ("what is stored forgets how a time is known", "streams/judging/history.py",
             "    if fact.quality:\n        return stored\n", ""),
            ("what is stored forgets what stands instead", "streams/judging/history.py",
             "if fact.terms or fact.replacement:", "if fact.terms:"),
        )
    ),
)  # fmt: skip
