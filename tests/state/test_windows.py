"""Rolling counts, compared with a recount."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas.words import BASES, Basis
from streams.state.windows import BOTH, CURRENT, ORIGINAL, PART_OF, WIDTHS, Label, Windows
from tests.judging.generated import examples
from tests.state.partitions import rolling

MINUTE = 60_000
HERE, THERE = Label("here", "ready"), Label("there", "ready")


class Added(NamedTuple):
    """A promise that was counted in a part, and whether that was taken back right away."""

    label: Label
    part: int
    due_at: int
    kept: int
    is_taken_back: bool


def recount(added: list[Added], basis: Basis, now: int) -> dict[str, dict[Label, tuple[int, int]]]:
    """Recount the windows on a basis at `now` from the list of all promises."""
    counts: dict[str, dict[Label, tuple[int, int]]] = {name: {} for name in WIDTHS}
    for added_promise in added:
        age = now // MINUTE - added_promise.due_at // MINUTE
        for name, width in WIDTHS.items():
            if 0 <= age < width and added_promise.part in (BOTH, PART_OF[basis]) and not added_promise.is_taken_back:
                kept, due = counts[name].get(added_promise.label, (0, 0))
                counts[name][added_promise.label] = kept + added_promise.kept, due + 1
    return counts


_STEPS = st.one_of(
    st.builds(
        Added,
        st.sampled_from([HERE, THERE]),
        st.sampled_from([ORIGINAL, CURRENT, BOTH]),
        st.integers(-1500, 100).map(lambda minutes: minutes * MINUTE + 59_999),
        st.integers(0, 1),
        st.booleans(),
    ),
    st.sampled_from([1, 59_999, MINUTE, 14 * MINUTE, 15 * MINUTE, 61 * MINUTE, 1440 * MINUTE, 3000 * MINUTE]),
)


@examples(120)
@given(st.lists(_STEPS, max_size=25))
def test_windows_equal_a_recount_of_all_promises(steps: list[Added | int]) -> None:
    windows, now = Windows(), 100_000 * MINUTE
    windows.advance(now)
    added: list[Added] = []
    for step in steps:
        if isinstance(step, int):
            now += step
            windows.advance(now)
        else:
            added_promise = step._replace(due_at=now + step.due_at)
            added.append(added_promise)
            windows.add(added_promise.label, added_promise.part, added_promise.due_at, added_promise.kept, 1)
            if added_promise.is_taken_back:
                windows.add(added_promise.label, added_promise.part, added_promise.due_at, -added_promise.kept, -1)
        for basis in BASES:
            assert rolling(windows, basis) == recount(added, basis, now)


def test_a_window_of_15_minutes_is_its_minute_and_the_14_before_it() -> None:
    windows = Windows()
    windows.advance(1000 * MINUTE)
    windows.add(HERE, BOTH, 986 * MINUTE, 1, 1)
    windows.add(HERE, BOTH, 986 * MINUTE - 1, 0, 1)

    assert rolling(windows) == {"15m": {HERE: (1, 1)}, "1h": {HERE: (1, 2)}, "24h": {HERE: (1, 2)}}


def test_an_early_delivery_counts_once_it_is_due() -> None:
    windows = Windows()
    windows.advance(1000 * MINUTE)
    windows.add(HERE, BOTH, 1010 * MINUTE, 1, 1)
    assert rolling(windows)["15m"] == {}

    windows.advance(1010 * MINUTE)
    assert rolling(windows)["15m"] == {HERE: (1, 1)}
    windows.advance(1025 * MINUTE)
    assert rolling(windows) == {"15m": {}, "1h": {HERE: (1, 1)}, "24h": {HERE: (1, 1)}}


def test_a_revision_changes_only_the_windows_that_contain_the_due() -> None:
    windows = Windows()
    windows.advance(1000 * MINUTE)
    windows.add(HERE, BOTH, 1000 * MINUTE, 0, 1)
    windows.advance(1030 * MINUTE)
    windows.add(HERE, BOTH, 1000 * MINUTE, 0, -1)
    windows.add(HERE, BOTH, 1000 * MINUTE, 1, 1)

    assert rolling(windows) == {"15m": {}, "1h": {HERE: (1, 1)}, "24h": {HERE: (1, 1)}}
