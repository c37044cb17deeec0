"""Planted mistakes: does a test notice each? Run as `python -m tests.mutants` (some of them: add words of their names).

Every mutant is a small plausible mistake in one module, made in a copy of the tree; the tests of the judging and of
the book run on the copy and have to fail. A text to replace that is not there exactly once is an error: the code has
moved, and the list has to follow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
_COPIED: Final = ("schemas", "streams", "tests", "pyproject.toml")
_TESTS: Final = ("tests/judging", "tests/book")


class Mutant(NamedTuple):
    """A mistake: `mutated` written in the place of `original`."""

    name: str
    module: str
    original: str
    mutated: str


MUTANTS: Final = (
    Mutant(
        "the lesser of two facts under one id stays",
        "streams/judging/history.py", "if fact <= known:", "if fact >= known:",
    ),
    Mutant(
        "the first of several corrections stands",
        "streams/judging/history.py", "for fact in reversed(seen):", "for fact in seen:",
    ),
    Mutant(
        "a corrected event that lies ahead is known at once",
        "streams/judging/history.py", "for fact in replacements if fact.at <= now]", "for fact in replacements]",
    ),
    Mutant(
        "a correction to a later hour wakes nobody",
        "streams/judging/history.py", "min([more_at, *later])", "more_at",
    ),
    Mutant(
        "an event after a correction is a step on the corrected history",
        "streams/judging/settle.py", "return is_last and not case.corrected and", "return is_last and",
    ),
    Mutant(
        "an event ahead of the clock is taken at once",
        "streams/judging/settle.py", "if fact.at <= now and _is_next(case, fact):", "if _is_next(case, fact):",
    ),
    Mutant(
        "an event that takes the place of another is a further step",
        "streams/judging/settle.py",
        "is_last = fact is case.history[-1] and case.folded == len(case.history) - 1 and case.more_at == NEVER",
        "is_last = fact is case.history[-1] and case.more_at == NEVER",
    ),
    Mutant(
        "a judgement does not wake for what lies ahead",
        "streams/judging/settle.py", "wake_at = case.more_at\n", "wake_at = NEVER\n",
    ),
    Mutant(
        "the deadline fires a millisecond early",
        "streams/judging/settle.py", "return outcome.due + policy.grace + 1", "return outcome.due + policy.grace",
    ),
    Mutant(
        "the current basis wakes nobody",
        "streams/judging/settle.py",
        "wake_at = min(wake_at, next_change(promise.policy, current))",
        "next_change(promise.policy, current)",
    ),
    Mutant(
        "grace ends a millisecond early",
        "streams/judging/settle.py", "if completed > window.due + policy.grace:", "if completed >= window.due + policy.grace:",
    ),
    Mutant(
        "a cancellation within grace is after due",
        "streams/judging/settle.py", "after_due=end.at > window.due + policy.grace", "after_due=end.at > window.due",
    ),
    Mutant(
        "a revision starts its numbers again after a retraction",
        "streams/judging/settle.py", "revision=before.revision + published", "revision=-1",
    ),
    Mutant(
        "who has it in hand now answers for what was due before",
        "streams/judging/settle.py",
        "decided_at = min(completed, end.at, window.due, now)",
        "decided_at = min(completed, end.at, now)",
    ),
    Mutant(
        "the customer's wish counts after due too",
        "streams/judging/fold.py",
        'if fact.what == What.AMENDED and fact.name == "customer" and in_time:',
        'if fact.what == What.AMENDED and fact.name == "customer":',
    ),
    Mutant(
        "our new due is the original one too",
        "streams/judging/fold.py",
        'if fact.what == What.AMENDED and fact.name == "customer" and in_time:',
        "if fact.what == What.AMENDED and in_time:",
    ),
    Mutant(
        "what was delivered can be given another due",
        "streams/judging/fold.py",
        "if min(completed_at(standing, promise), ending(standing, promise).at) != NEVER:",
        "if ending(standing, promise).at != NEVER:",
    ),
    Mutant(
        "an assumed promise outlives its step",
        "streams/judging/fold.py", "            del standing.promises[key]", "            continue",
    ),
    Mutant(
        "the last time a step was reached counts",
        "streams/judging/fold.py",
        "if fact.name not in policies.steps or key in standing.steps:",
        "if fact.name not in policies.steps:",
    ),
    Mutant(
        "one bag cancelled cancels nothing",
        "streams/judging/fold.py", "        cancelled.get(promise.key.subject, NOT_ENDED),\n", "",
    ),
    Mutant(
        "the least specific policy wins",
        "streams/judging/policy.py",
        "return max(policies, key=lambda policy: len(policy.when), default=None)",
        "return min(policies, key=lambda policy: len(policy.when), default=None)",
    ),
    Mutant(
        "the whole order is in the hands of who took one bag",
        "streams/judging/accountability.py",
        "if hand.subject and hand.subject != subject:",
        "if hand.subject and subject and hand.subject != subject:",
    ),
    Mutant(
        "the clock follows records into the future",
        "streams/book/clock.py", "if self.now < to <= wall:", "if self.now < to:",
    ),
    Mutant(
        "a stored case forgets what lies ahead",
        "streams/book/codec.py", "            case.more_at,\n", "            case.wake_at,\n",
    ),
    Mutant(
        "an open promise that moves to another shop is made there again",
        "streams/book/tally.py", '        target.revise("none", held)\n', "        target.made += 1\n",
    ),
    Mutant(
        "who takes over within a verdict is not counted",
        "streams/book/tally.py", " and old.staff == new.staff and ", " and ",
    ),
    Mutant(
        "a window is a minute too long",
        "streams/book/windows.py", "if self._minute - width < minute:", "if self._minute - width <= minute:",
    ),
    Mutant(
        "an alert is raised again for the same stage and due",
        "streams/book/outputs.py",
        "if before is not None and (before.ruling, before.due) == (now.ruling, now.due):",
        "if before is not None and before == now:",
    ),
    Mutant(
        "a record is taken before what fell due before it",
        "streams/book/book.py",
        "effects: list[Effect] = [*self.move(record.timestamp, wall)]",
        "effects: list[Effect] = []",
    ),
    Mutant(
        "a rescheduled case is not looked at again",
        "streams/book/book.py", "if case.wake_at != before:", "if before == 0:",
    ),
)  # fmt: skip


def plant(mutant: Mutant, tree: Path) -> None:
    """Make the mistake in `tree`. Raises ValueError where the original text is not there exactly once."""
    path = tree / mutant.module
    text = path.read_text("utf-8")
    found = text.count(mutant.original)
    if found != 1:
        raise ValueError(f"{mutant.module}: {mutant.original!r} is there {found} times; adapt the mutant {mutant.name!r}")
    path.write_text(text.replace(mutant.original, mutant.mutated), "utf-8")


def survives(mutant: Mutant) -> bool:
    """Whether no test fails on a copy of the tree with the mistake in it."""
    with TemporaryDirectory() as place:
        tree = Path(place)
        for name in _COPIED:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tree / name)
        plant(mutant, tree)
        return _run_tests(tree)


def _run_tests(tree: Path) -> bool:
    """Whether all tests pass: the stories, which are quick, and fewer random examples than usual."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *_TESTS, "--deselect", _META],
        cwd=tree, env=os.environ | {"EXAMPLES": "0.5", "CI": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run (exit {found.returncode}):\n{found.stdout}\n{found.stderr}")
    return found.returncode == 0


_META: Final = "tests/judging/test_generated.py"
"""Says how good the generated histories are, which is not what a mutant changes."""


def main(words: Iterable[str]) -> int:
    """Run the mutants with any of `words` in their names, or all; 1 if any survived."""
    wanted = list(words)
    chosen = [mutant for mutant in MUTANTS if not wanted or any(word in mutant.name for word in wanted)]
    survivors = 0
    for mutant in chosen:
        begun = monotonic()
        is_alive = survives(mutant)
        survivors += is_alive
        print(f"{'SURVIVED' if is_alive else 'died':8} {monotonic() - begun:5.1f} s  {mutant.name}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} died")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
