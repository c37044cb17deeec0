"""Mistakes about snapshots and about how the time of a step is known, for tests/mutants.py to plant."""

from __future__ import annotations

from typing import Final

from tests.planted_mutant import Mutant

_FOLD: Final = "streams/judging/fold.py"
_NEW: Final = "if known is None or known.started_by or window != _last_stated(standing, known):"
_KEPT: Final = "            _aside(standing).stated.setdefault(promise.key, promise.original)\n"

SNAPSHOT_MUTANTS: Final = (
    *(
        Mutant(f"a snapshot: {what}", _FOLD, original, mutated)
        for what, original, mutated in (
            ("what is stated again amends", _NEW, "if True:"),
            (
                "what is stated again after a phone call takes that back",
                "or window != _last_stated(standing, known):", "or window != known.current:",
            ),
            (
                "only what differs from the first statement is new",
                "or window != _last_stated(standing, known):", "or window != known.original:",
            ),
            ("an assumed due that is stated stays assumed", "known is None or known.started_by or", "known is None or"),
            (
                "a later statement becomes the original",
                "_promise(standing, key, known, fact, terms, policies)\n            if",
                "standing.promises[key] = _given(key, standing, fact, terms, policies)\n            if",
            ),
            ("a statement never amends", _NEW, "if known is None or known.started_by:"),
            (
                "what was stated is forgotten",
                "                _aside(standing).stated[key] = window\n", "                pass\n",
            ),
            (
                "only the first statement is remembered",
                "_aside(standing).stated[key] = window", "_aside(standing).stated.setdefault(key, window)",
            ),
            ("the customer's wish counts as stated", _KEPT, "            pass\n"),
            (
                "a later wish counts as stated before",
                _KEPT, "            _aside(standing).stated[promise.key] = promise.original\n",
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
        "_terms(policies, one.kind, one.ordinal, one.due, one.opens, one.origin)",
        "_given(event, one, policies)",
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
             "        standing.aside.proxies[fact.subject].remove(fact.name)\n", "        pass\n"),
            ("a proxy of one bag is one of another", _FOLD,
             'aside.proxies.get(subject, [])', '[step for steps in aside.proxies.values() for step in steps]'),
            ("what is cancelled may be assumed", "streams/judging/settle.py",
             "assumed = original.lateness is not None and ", "assumed = completed != NEVER and "),
            ("that it was measured after all is not said", "streams/judging/settle.py",
             "if is_as_before and assumed == before.assumed and", "if is_as_before and"),
            ("what is stored forgets how a time is known", "streams/judging/history.py",
             "    if fact.quality:\n        return stored\n", ""),
            ("what is stored forgets what stands instead", "streams/judging/history.py",
             "if fact.terms or fact.instead:", "if fact.terms:"),
        )
    ),
)  # fmt: skip
