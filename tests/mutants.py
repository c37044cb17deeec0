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
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
_COPIED: Final = ("schemas", "streams", "tests", "pyproject.toml")
_FOLDERS: Final = ("tests/judging", "tests/book")
_LEFT_OUT: Final = ("test_generated.py",)
"""How good the generated histories are is not what a mutant changes."""


_SETTINGS: Final = {"MUTANT": "1", "CI": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""No bytecode: Python tells a changed module by size and second, which a mutant may share with the original."""


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
        "streams/judging/history.py", "for fact in reversed(seen) if", "for fact in seen if",
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
        "streams/judging/settle.py",
        "if completed > window.due + policy.grace:",
        "if completed >= window.due + policy.grace:",
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
        'if fact.what == What.AMENDED and fact.name == "customer" and _is_in_time(promise, fact):',
        'if fact.what == What.AMENDED and fact.name == "customer":',
    ),
    Mutant(
        "our new due is the original one too",
        "streams/judging/fold.py",
        'if fact.what == What.AMENDED and fact.name == "customer" and _is_in_time(promise, fact):',
        "if fact.what == What.AMENDED and _is_in_time(promise, fact):",
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
        "a withdrawal is not noticed",
        "streams/judging/fold.py",
        "            promise.withdrawn = _ending(fact)\n    return True\n",
        "            promise.withdrawn = _ending(fact)\n    return False\n",
    ),
    Mutant(
        "a shop named later is not noticed",
        "streams/judging/fold.py", "return standing.attributes != before", "return False",
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
        "if change.after.overdue != (change.before.overdue if change.before else ()):",
        "if change.after.overdue:",
    ),
    Mutant(
        "deadlines passed together are judged together",
        "streams/book/book.py", "found += self._settle(name, case, at)", "found += self._settle(name, case, now)",
    ),
    Mutant(
        "a delivery after a recall is counted again in the histogram",
        "streams/judging/settle.py",
        "was.delivered[0] or original.lateness is not None",
        "original.lateness is not None",
    ),
    Mutant(
        "the breach of an assumed promise is undone by promising outright",
        "streams/judging/fold.py",
        "if known is None or (known.started_by and _is_in_time(known, fact)):",
        "if known is None or known.started_by:",
    ),
    Mutant(
        "a correction is taken back by later ones alone",
        "streams/judging/history.py", "    corrections.sort(key=lambda fact: fact.name not in ids)\n", "",
    ),
    Mutant(
        "a record is taken before what fell due before it",
        "streams/book/book.py",
        "effects: list[Effect] = [*self.move(record.timestamp, wall)]",
        "effects: list[Effect] = []",
    ),
    Mutant(
        "a rescheduled case is not looked at again",
        "streams/book/book.py", "if case.wake_at != before:", "if case.wake_at > before:",
    ),
)  # fmt: skip


def mutated(mutant: Mutant, tree: Path) -> str:
    """The module of `tree` with the mistake in it. Raises ValueError where the text is not there exactly once."""
    text = (tree / mutant.module).read_text("utf-8")
    found = text.count(mutant.original)
    if found != 1:
        raise ValueError(f"{mutant.module} has {mutant.original!r} {found} times; adapt the mutant {mutant.name!r}")
    return text.replace(mutant.original, mutant.mutated)


def noticed_by(mutant: Mutant, tree: Path) -> str:
    """The first test that fails with the mistake in `tree`, which is left as it was; empty if none does."""
    module = tree / mutant.module
    sound = module.read_text("utf-8")
    module.write_text(mutated(mutant, tree), "utf-8")
    try:
        return _run_tests(tree)
    finally:
        module.write_text(sound, "utf-8")


def _run_tests(tree: Path) -> str:
    """The first test that fails: of the stories, which are quick, or else of the random histories."""
    files = [path for folder in _FOLDERS for path in (tree / folder).glob("test_*.py") if path.name not in _LEFT_OUT]
    ordered = sorted(files, key=lambda path: ("test_any" in path.name, path))
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *ordered],
        cwd=tree, env=os.environ | _SETTINGS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run (exit {found.returncode}):\n{found.stdout}\n{found.stderr}")
    failed = [line for line in found.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if found.returncode else ""


def hunt(mutants: Iterable[Mutant], tree: Path) -> Iterator[tuple[Mutant, str, float]]:
    """Each mutant with the test that noticed it in `tree` and the seconds that took."""
    for mutant in mutants:
        begun = monotonic()
        test = noticed_by(mutant, tree)
        yield mutant, test, monotonic() - begun


def copy_tree(tree: Path) -> None:
    """All that the tests need, in `tree`: so it does not matter who edits the original meanwhile."""
    for name in _COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tree / name)


def main(words: Iterable[str]) -> int:
    """Hunt the mutants with any of `words` in their names, or all; 1 if any survived."""
    wanted = list(words)
    chosen = [mutant for mutant in MUTANTS if not wanted or any(word in mutant.name for word in wanted)]
    survivors = 0
    with TemporaryDirectory() as place:
        tree = Path(place)
        copy_tree(tree)
        for mutant in chosen:
            mutated(mutant, tree)
        failing = _run_tests(tree)
        if failing:
            raise SystemExit(f"the tests have to pass before they can notice a mistake; {failing}")
        for mutant, test, seconds in hunt(chosen, tree):
            survivors += not test
            print(f"{'died' if test else 'SURVIVED':8} {seconds:5.1f} s  {mutant.name}  {test}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} died")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
