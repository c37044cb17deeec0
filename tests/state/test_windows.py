"""Rolling counts against a recount by hand."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas.words import BASES
from streams.state.rows import BOTH, CURRENT, ORIGINAL, PART_OF
from streams.state.windows import WIDTHS, Label, Windows
from tests.judging.generated import examples
from tests.state.partitions import rolling

MINUTE = 60_000
HERE, THERE = Label("here", "ready"), Label("there", "ready")


class Added(NamedTuple):
    """A promise that was counted in some part, and whether it was taken back right after."""

    label: Label
    part: int
    due_at: int
    kept: int
    is_taken_back: bool


def recount(added: list[Added], basis: int, now: int) -> dict[str, dict[Label, tuple[int, int]]]:
    """The counts that the windows should show on a basis at `now`, from the list of all that was added."""
    found: dict[str, dict[Label, tuple[int, int]]] = {name: {} for name in WIDTHS}
    for one in added:
        age = now // MINUTE - one.due_at // MINUTE
        for name, width in WIDTHS.items():
            if 0 <= age < width and one.part in (BOTH, PART_OF[basis]) and not one.is_taken_back:
                kept, due = found[name].get(one.label, (0, 0))
                found[name][one.label] = kept + one.kept, due + 1
    return found


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
def test_windows_show_what_a_recount_of_everything_shows(steps: list[Added | int]) -> None:
    windows, now = Windows(), 100_000 * MINUTE
    windows.advance(now)
    added: list[Added] = []
    for step in steps:
        if isinstance(step, int):
            now += step
            windows.advance(now)
        else:
            one = step._replace(due_at=now + step.due_at)
            added.append(one)
            windows.add(one.label, one.part, one.due_at, one.kept, 1)
            if one.is_taken_back:
                windows.add(one.label, one.part, one.due_at, -one.kept, -1)
        for number, basis in enumerate(BASES):
            assert rolling(windows, basis) == recount(added, number, now)


def test_a_window_is_its_minute_and_the_fourteen_before_it() -> None:
    windows = Windows()
    windows.advance(1000 * MINUTE)
    windows.add(HERE, BOTH, 986 * MINUTE, 1, 1)
    windows.add(HERE, BOTH, 986 * MINUTE - 1, 0, 1)

    assert rolling(windows) == {"15m": {HERE: (1, 1)}, "1h": {HERE: (1, 2)}, "24h": {HERE: (1, 2)}}


def test_what_is_kept_long_before_its_due_counts_once_it_is_due() -> None:
    windows = Windows()
    windows.advance(1000 * MINUTE)
    windows.add(HERE, BOTH, 1010 * MINUTE, 1, 1)
    assert rolling(windows)["15m"] == {}

    windows.advance(1010 * MINUTE)
    assert rolling(windows)["15m"] == {HERE: (1, 1)}
    windows.advance(1025 * MINUTE)
    assert rolling(windows) == {"15m": {}, "1h": {HERE: (1, 1)}, "24h": {HERE: (1, 1)}}


def test_a_promise_that_is_revised_after_it_left_a_window_changes_the_longer_ones_alone() -> None:
    windows = Windows()
    windows.advance(1000 * MINUTE)
    windows.add(HERE, BOTH, 1000 * MINUTE, 0, 1)
    windows.advance(1030 * MINUTE)
    windows.add(HERE, BOTH, 1000 * MINUTE, 0, -1)
    windows.add(HERE, BOTH, 1000 * MINUTE, 1, 1)

    assert rolling(windows) == {"15m": {}, "1h": {HERE: (1, 1)}, "24h": {HERE: (1, 1)}}
