"""The mistakes that tests/mutants.py plants, one at a time."""

from __future__ import annotations

from typing import Final

from tests.planted_feeds import FEED_MUTANTS
from tests.planted_mutant import PARTITION, Mutant
from tests.planted_snapshots import SNAPSHOT_MUTANTS

MUTANTS: Final = (
    Mutant(
        "the lesser of two facts under one id stays",
        "streams/judging/history.py", "if fact <= known:", "if fact >= known:",
    ),
    Mutant(
        "the first of several corrections stands",
        "streams/judging/history.py", "for fact in reversed(past) if", "for fact in past if",
    ),
    Mutant(
        "a corrected event that lies ahead is known at once",
        "streams/judging/history.py", "for fact in replacements if fact.at <= now]", "for fact in replacements]",
    ),
    Mutant(
        "a correction to a later hour wakes nobody",
        "streams/judging/history.py", "min([next_fact_at, *later])", "next_fact_at",
    ),
    Mutant(
        "an event after a correction is a step on the corrected history",
        "streams/judging/settle.py", " and not case.corrected and ", " and ",
    ),
    Mutant(
        "an event ahead of the clock is taken at once",
        "streams/judging/settle.py", "return fact.at <= now and case.next_fact_at", "return case.next_fact_at",
    ),
    Mutant(
        "an event that takes the place of another is a further step",
        "streams/judging/settle.py",
        "is_next = fact is history[-1] and len(history) == case.count + 1",
        "is_next = fact is history[-1]",
    ),
    Mutant(
        "a judgement does not wake for what lies ahead",
        "streams/judging/settle.py", "wake_at = case.next_fact_at\n", "wake_at = NEVER\n",
    ),
    Mutant(
        "the deadline fires a millisecond early",
        "streams/judging/settle.py", "return outcome.due + policy.grace + 1", "return outcome.due + policy.grace",
    ),
    Mutant(
        "the current basis wakes nobody",
        "streams/judging/settle.py",
        "wake_at = min(wake_at, next_change_at(promise.policy, current, complete_until))",
        "next_change_at(promise.policy, current, complete_until)",
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
        "streams/judging/settle.py", "revision=before.revision + is_published", "revision=-1",
    ),
    Mutant(
        "who has it in hand now answers for what was due before",
        "streams/judging/settle.py",
        "decided_at = due if due < now else now",
        "decided_at = now",
    ),
    Mutant(
        "the customer's wish counts after due too",
        "streams/judging/fold.py",
        'if fact.type is FactType.AMENDED and fact.name == "customer" and _is_before_breach(promise, fact):',
        'if fact.type is FactType.AMENDED and fact.name == "customer":',
    ),
    Mutant(
        "our new due is the original one too",
        "streams/judging/fold.py",
        'if fact.type is FactType.AMENDED and fact.name == "customer" and _is_before_breach(promise, fact):',
        "if fact.type is FactType.AMENDED and _is_before_breach(promise, fact):",
    ),
    Mutant(
        "what was delivered can be given another due",
        "streams/judging/fold.py",
        "if ending(state, promise) is not None or completed_at(state, promise) != NEVER:",
        "if ending(state, promise) is not None:",
    ),
    Mutant(
        "an assumed promise outlives its step",
        "streams/judging/fold.py", "            del state.promises[key]", "            continue",
    ),
    Mutant(
        "the last time a step was reached counts",
        "streams/judging/fold.py",
        "    if fact.name in reached:  # the first time counts\n        return False\n", "",
    ),
    Mutant(
        "a withdrawal is not noticed",
        "streams/judging/fold.py",
        "            promise.withdrawn = _ending(fact)\n    return True\n",
        "            promise.withdrawn = _ending(fact)\n    return False\n",
    ),
    Mutant(
        "a shop named later is not noticed",
        "streams/judging/fold.py",
        "segment or fact.segment)\n    return True",
        "segment or fact.segment)\n    return False",
    ),
    Mutant(
        "one bag cancelled cancels nothing",
        "streams/judging/fold.py", 'in (promise.key.subject, ""):', 'in ("",):',
    ),
    Mutant(
        "the least specific policy wins",
        "streams/judging/policy.py",
        "return max(policies, key=lambda policy: len(policy.when), default=None)",
        "return min(policies, key=lambda policy: len(policy.when), default=None)",
    ),
    Mutant(
        "the whole order is in the hands of who took one bag",
        "streams/judging/settle.py",
        "if assignment.subject and assignment.subject != subject:",
        "if assignment.subject and subject and assignment.subject != subject:",
    ),
    Mutant(
        "the clock follows records into the future",
        "streams/state/watermarks.py", "if self.now < to <= wall:", "if self.now < to:",
    ),
    Mutant(
        "a stored case forgets what lies ahead",
        "streams/state/case_codec.py", "flags, case.wake_at, case.next_fact_at,", "flags, case.wake_at, case.wake_at,",
    ),
    Mutant(
        "an open promise that moves to another shop is made there again",
        "streams/state/counts.py",
        "                _revise(part, target, NONE, held_verdict)\n",
        "                target.made += 1\n",
    ),
    Mutant(
        "who takes over within a verdict is not counted",
        "streams/state/counts.py", " and old.staff == new.staff and ", " and ",
    ),
    Mutant(
        "a window is a minute too long",
        "streams/state/windows.py", "if age < width:", "if age <= width:",
    ),
    Mutant(
        "an alert is raised again for the same stage and due",
        "streams/state/outputs.py",
        "if after.overdue != (before.overdue if before else ()):",
        "if after.overdue:",
    ),
    Mutant(
        "deadlines passed together are judged together",
        PARTITION, "self._fire_timer(name, clock)", "self._fire_timer(name, now)",
    ),
    Mutant(
        "a delivery after a recall is counted again in the histogram",
        "streams/judging/settle.py",
        "(original_delivered or original.lateness is not None,",
        "(original.lateness is not None,",
    ),
    Mutant(
        "the breach of an assumed promise is undone by promising outright",
        "streams/judging/fold.py",
        "if existing is None or (existing.started_by and _is_before_breach(existing, fact)):",
        "if existing is None or existing.started_by:",
    ),
    Mutant(
        "a correction is taken back by later ones alone",
        "streams/judging/history.py", "    corrections.sort(key=lambda fact: fact.name not in ids)\n", "",
    ),
    Mutant(
        "a record is taken before what fell due before it",
        PARTITION,
        "        effects += self.advance(record.timestamp, wall)\n", "",
    ),
    Mutant(
        "a rescheduled case is not looked at again",
        PARTITION, "if case.wake_at != before:", "if case.wake_at > before:",
    ),
    Mutant(
        "who names another shop than was known first is thought to name the first",
        "streams/judging/fold.py", 'if fact.location in ("", location) and', "if",
    ),
    Mutant(
        "the only policy of a kind is that of another kind",
        "streams/judging/policy.py", "if counts[policy.kind] == 1}", "if counts[policy.kind] > 0}",
    ),
    Mutant(
        "what began with an id is not looked up",
        "streams/judging/case.py", "return pack(id) in self.facts", "return self.facts.startswith(pack(id))",
    ),
    *(
        Mutant(f"unnoticed goes {what}", "streams/state/fast_path.py", original, mutated)
        for what, original, mutated in (
            ("an assignment or a cancellation", "fact.type is not _REACHED or ", ""),
            ("a step of a policy", "or fact.name in policies.steps ", ""),
            ("a step before the last", "if not last_at < fact.at <= now", "if not fact.at <= now"),
            ("a step at the instant of the last", "last_at < fact.at", "last_at <= fact.at"),
            ("a step ahead of the clock", "fact.at <= now < wake_at", "fact.at < wake_at"),
            ("a step after a deadline that was not judged", "<= now < wake_at", "<= now"),
            ("a step at a deadline that was not judged", "now < wake_at", "now <= wake_at"),
            ("a step after a correction", " or flags & CORRECTED:", ":"),
            ("a step that names a shop", "        (fact.location and not flags & LOCATION)\n        or ", "        "),
            ("a step that names a channel", "        or (fact.channel and not flags & CHANNEL)\n", ""),
            ("a step that names a segment", "        or (fact.segment and not flags & SEGMENT)\n", ""),
            (
                "a change of hands",
                "        or (fact.staff and not stored.startswith(pack((fact.subject, fact.staff)), HEAD_SIZE))\n", "",
            ),
            (
                "whoever was ever named",
                "not stored.startswith(pack((fact.subject, fact.staff)), HEAD_SIZE)", "pack(fact.staff) not in stored",
            ),
            (
                "an id that is taken",
                "        or stored.find(pack(fact.id), HEAD_SIZE + assignment_size + body_size) >= 0\n", "",
            ),
            (
                "an id of the first fact",
                "HEAD_SIZE + assignment_size + body_size) >= 0",
                "HEAD_SIZE + assignment_size + body_size + 40) >= 0",
            ),
        )
    ),
    *FEED_MUTANTS,
    *SNAPSHOT_MUTANTS,
)  # fmt: skip
