"""Faults in the judging and in the state, for `python -m tests.mutants` to plant one at a time."""

from __future__ import annotations

from typing import Final

from tests.mutants.planting import Mutant

FAULTS: Final = (
    Mutant(
        "the lesser of two facts under one id stays", "streams.judging.history:insert", "fact <= known", "fact >= known"
    ),
    Mutant("the first of several corrections stands", "streams.judging.history:_corrections", "reversed(past)", "past"),
    Mutant(
        "a corrected event that lies ahead is known at once",
        "streams.judging.history:KnownHistory.at",
        "[fact for fact in replacements if fact.at <= now]",
        "[fact for fact in replacements]",
    ),
    Mutant(
        "a correction to a later hour wakes nobody",
        "streams.judging.history:KnownHistory.at",
        "min([next_fact_at, *later])",
        "next_fact_at",
    ),
    Mutant(
        "an event after a correction is a step on the corrected history",
        "streams.judging.settle:_is_next_step",
        "not case.corrected",
        "True",
    ),
    Mutant(
        "an event ahead of the clock is taken at once", "streams.judging.settle:_is_next_step", "fact.at <= now", "True"
    ),
    Mutant(
        "an event that takes the place of another is a further step",
        "streams.judging.settle:add_fact",
        "len(history) == case.count + 1",
        "True",
    ),
    Mutant(
        "a judgement does not wake for what lies ahead",
        "streams.judging.settle:settle",
        "wake_at = case.next_fact_at",
        "wake_at = NEVER",
    ),
    Mutant(
        "the deadline fires a millisecond early",
        "streams.judging.settle:next_change_at",
        "outcome.due + policy.grace + 1",
        "outcome.due + policy.grace",
    ),
    Mutant(
        "the current basis wakes nobody",
        "streams.judging.settle:_judged",
        "wake_at = min(wake_at, next_change_at(promise.policy, current, complete_until))",
        "next_change_at(promise.policy, current, complete_until)",
    ),
    Mutant(
        "grace ends a millisecond early",
        "streams.judging.settle:_delivered",
        "completed > window.due + policy.grace",
        "completed >= window.due + policy.grace",
    ),
    Mutant(
        "a cancellation within grace is after due",
        "streams.judging.settle:_cancelled",
        "window.due + policy.grace",
        "window.due",
    ),
    Mutant(
        "a revision starts its numbers again after a retraction",
        "streams.judging.settle:_retract",
        "before.revision + is_published",
        "-1",
    ),
    Mutant(
        "who has it in hand now answers for what was due before",
        "streams.judging.settle:_outcome",
        "due if due < now else now",
        "now",
    ),
    Mutant(
        "the customer's wish counts after due too",
        "streams.judging.fold:_change_window",
        "fact.type is FactType.AMENDED and fact.name == 'customer' and _is_before_breach(promise, fact)",
        "fact.type is FactType.AMENDED and fact.name == 'customer'",
    ),
    Mutant(
        "our new due is the original one too", "streams.judging.fold:_change_window", "fact.name == 'customer'", "True"
    ),
    Mutant(
        "what was delivered can be given another due",
        "streams.judging.fold:_change_window",
        "completed_at(state, promise) != NEVER",
        "False",
    ),
    Mutant(
        "an assumed promise outlives its step", "streams.judging.fold:_undone", "del state.promises[key]", "continue"
    ),
    Mutant(
        "the last time a step was reached counts",
        "streams.judging.fold:_reached",
        "if fact.name in reached:\n    return False",
        "",
    ),
    Mutant("a withdrawal is not noticed", "streams.judging.fold:_withdrawn", "True", "False"),
    Mutant("a shop named later is not noticed", "streams.judging.fold:_add_attributes", "True", "False"),
    Mutant("one bag cancelled cancels nothing", "streams.judging.fold:ending", "(promise.key.subject, '')", "('',)"),
    Mutant(
        "the least specific policy wins",
        "streams.judging.policy:_most_specific",
        "max(policies, key=lambda policy: len(policy.when), default=None)",
        "min(policies, key=lambda policy: len(policy.when), default=None)",
    ),
    Mutant(
        "the whole order is in the hands of who took one bag",
        "streams.judging.settle:staff_in_charge",
        "assignment.subject and assignment.subject != subject",
        "assignment.subject and subject and (assignment.subject != subject)",
    ),
    Mutant(
        "the clock follows records into the future",
        "streams.state.watermarks:Watermark.advance",
        "self.now < to <= wall",
        "self.now < to",
    ),
    Mutant(
        "a stored case forgets what lies ahead",
        "streams.state.case_codec:encode",
        "write_head(VERSION, flags, case.wake_at, case.next_fact_at, case.last_at, last_due, *sizes)",
        "write_head(VERSION, flags, case.wake_at, case.wake_at, case.last_at, last_due, *sizes)",
    ),
    Mutant(
        "an open promise that moves to another shop is made there again",
        "streams.state.counts:PromiseCounts._move",
        "if source is not target and before is not None:\n    _revise(part, target, NONE, held_verdict)",
        "if source is not target and before is not None:\n    target.made += 1",
    ),
    Mutant(
        "who takes over within a verdict is not counted",
        "streams.state.counts:_counts_alike",
        "VERDICT_OF[old.code] == VERDICT_OF[new.code] and old.staff == new.staff and (old.due == new.due)",
        "VERDICT_OF[old.code] == VERDICT_OF[new.code] and old.due == new.due",
    ),
    Mutant("a window is a minute too long", "streams.state.windows:Windows.add", "age < width", "age <= width"),
    Mutant(
        "an alert is raised again for the same stage and due",
        "streams.state.outputs:outputs",
        "after.overdue != (before.overdue if before else ())",
        "after.overdue",
        which=2,
    ),
    Mutant(
        "deadlines passed together are judged together",
        "streams.state.partition:PartitionState._fire_timers",
        "self._fire_timer(name, clock)",
        "self._fire_timer(name, now)",
    ),
    Mutant(
        "a delivery after a recall is counted again in the histogram",
        "streams.judging.settle:_next_judged",
        "(original_delivered or original.lateness is not None, current_delivered or current.lateness is not None)",
        "(original.lateness is not None, current_delivered or current.lateness is not None)",
    ),
    Mutant(
        "the breach of an assumed promise is undone by promising outright",
        "streams.judging.fold:_add_promise",
        "_is_before_breach(existing, fact)",
        "True",
    ),
    Mutant(
        "a correction is taken back by later ones alone",
        "streams.judging.history:_corrections",
        "corrections.sort(key=lambda fact: fact.name not in ids)",
        "",
    ),
    Mutant(
        "a record is taken before what fell due before it",
        "streams.state.partition:PartitionState.apply",
        "effects += self.advance(record.timestamp, wall)",
        "",
    ),
    Mutant(
        "a rescheduled case is not looked at again",
        "streams.state.partition:PartitionState._settle",
        "case.wake_at != before",
        "case.wake_at > before",
    ),
    Mutant(
        "who names another shop than was known first is thought to name the first",
        "streams.judging.fold:_attributes",
        "fact.location in ('', location) and fact.channel in ('', channel) and (fact.segment in ('', segment))",
        "fact.channel in ('', channel) and fact.segment in ('', segment)",
    ),
    Mutant(
        "the only policy of a kind is that of another kind",
        "streams.judging.policy:_only_policies",
        "counts[policy.kind] == 1",
        "counts[policy.kind] > 0",
    ),
    Mutant(
        "what began with an id is not looked up",
        "streams.judging.case:Case.may_contain",
        "pack(id) in self.facts",
        "self.facts.startswith(pack(id))",
    ),
    Mutant(
        "unnoticed goes an assignment or a cancellation",
        "streams.state.case_codec:try_append",
        "fact.type is not _REACHED",
        "False",
    ),
    Mutant(
        "unnoticed goes a step of a policy",
        "streams.state.case_codec:try_append",
        "fact.name in policies.steps",
        "False",
    ),
    Mutant(
        "unnoticed goes a step before the last",
        "streams.state.case_codec:try_append",
        "last_at < fact.at <= now < wake_at",
        "fact.at <= now < wake_at",
    ),
    Mutant(
        "unnoticed goes a step at the instant of the last",
        "streams.state.case_codec:try_append",
        "last_at < fact.at <= now < wake_at",
        "last_at <= fact.at <= now < wake_at",
    ),
    Mutant(
        "unnoticed goes a step ahead of the clock",
        "streams.state.case_codec:try_append",
        "last_at < fact.at <= now < wake_at",
        "last_at < fact.at < wake_at",
    ),
    Mutant(
        "unnoticed goes a step after a deadline that was not judged",
        "streams.state.case_codec:try_append",
        "last_at < fact.at <= now < wake_at",
        "last_at < fact.at <= now",
    ),
    Mutant(
        "unnoticed goes a step at a deadline that was not judged",
        "streams.state.case_codec:try_append",
        "last_at < fact.at <= now < wake_at",
        "last_at < fact.at <= now <= wake_at",
    ),
    Mutant(
        "unnoticed goes a step after a correction",
        "streams.state.case_codec:try_append",
        "not last_at < fact.at <= now < wake_at or flags & CORRECTED",
        "not last_at < fact.at <= now < wake_at",
    ),
    Mutant(
        "unnoticed goes a step that names a shop",
        "streams.state.case_codec:try_append",
        "fact.location and (not flags & LOCATION)",
        "False",
        which=1,
    ),
    Mutant(
        "unnoticed goes a step that names a channel",
        "streams.state.case_codec:try_append",
        "fact.channel and (not flags & CHANNEL)",
        "False",
        which=2,
    ),
    Mutant(
        "unnoticed goes a step that names a segment",
        "streams.state.case_codec:try_append",
        "fact.segment and (not flags & SEGMENT)",
        "False",
        which=3,
    ),
    Mutant(
        "unnoticed goes a change of hands",
        "streams.state.case_codec:try_append",
        "fact.staff and (not stored.startswith(pack((fact.subject, fact.staff)), HEAD_SIZE))",
        "False",
    ),
    Mutant(
        "unnoticed goes whoever was ever named",
        "streams.state.case_codec:try_append",
        "not stored.startswith(pack((fact.subject, fact.staff)), HEAD_SIZE)",
        "pack(fact.staff) not in stored",
    ),
    Mutant(
        "unnoticed goes an id that is taken",
        "streams.state.case_codec:try_append",
        "stored.find(pack(fact.id), HEAD_SIZE + assignment_size + body_size) >= 0",
        "False",
    ),
    Mutant(
        "unnoticed goes an id of the first fact",
        "streams.state.case_codec:try_append",
        "HEAD_SIZE + assignment_size + body_size",
        "HEAD_SIZE + assignment_size + body_size + 40",
    ),
)
