"""`make bench-instructions`: the figures from callgrind's files, and the comparison with another commit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks import callgrind, instructions
from benchmarks.callgrind import CannotCount, Counts, chosen, counts, parts, trimmed_mean
from benchmarks.instructions import Change, changes, reasons, regressions, report, smaller_changes

RAN = 'plain\n["event/made", [10, 10]]\n["time/overdue", [4, 4, 2]]\n'
"""The output of a process that ran two scenarios, in blocks of so many events."""

PARTS = [700_000, 1_000, 1_100, 500, 4_000, 4_400, 2_100]
"""Preparation and two blocks, preparation and three blocks."""


def part(folder: Path, number: int, total: int) -> None:
    text = f"version: 1\nevents: Ir\nfn=(1) main\n12 {total}\n\ntotals: {total}\n"
    (folder / f"out.{number}").write_text(text)


def test_the_files_of_callgrind_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in range(1, 12):
        part(tmp_path, number, number * 1_000)
    (tmp_path / "out").write_text("totals: 99\n")
    assert parts(tmp_path / "out") == [number * 1_000 for number in range(1, 12)], (
        "out itself is not counted: it covers the end of the process"
    )


def test_a_scenario_costs_what_the_mean_event_of_its_blocks_costs() -> None:
    assert counts(RAN, PARTS) == Counts("plain", {"event/made": 105.0, "time/overdue": 1_050.0})


def test_a_marker_that_callgrind_does_not_see_is_an_error() -> None:
    with pytest.raises(CannotCount, match=r"1 files instead of 7: .* getppid"):
        counts(RAN, PARTS[:1])


def test_an_untypical_block_is_left_out() -> None:
    assert trimmed_mean([100.0] * 8 + [90.0, 900.0]) == 100.0
    assert trimmed_mean([1.0, 2.0, 6.0]) == 3.0, "of a few blocks none is left out"


def test_scenarios_are_chosen_by_patterns() -> None:
    names = ["event/made", "feed/made", "feed/heard"]
    assert chosen(names, []) == names
    assert chosen(names, ["feed/*"]) == ["feed/made", "feed/heard"]
    assert chosen(names, ["event/made", "*/heard"]) == ["event/made", "feed/heard"]
    assert chosen(names, ["another"]) == []


def test_without_valgrind_the_message_names_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CannotCount, match="apt-get install valgrind"):
        callgrind.count()
    assert instructions.main(["--plain"]) == 2
    assert "apt-get install valgrind" in capsys.readouterr().err


def test_the_figures_of_each_build_are_compared_separately() -> None:
    after = {"plain": {"a": 102.0, "b": 50.0}, "compiled": {"a": 80.0, "b": 40.0}}
    before = {"plain": {"a": 100.0, "gone": 7.0}, "compiled": {"a": 100.0}}
    compared = changes(after, before)  # type: ignore[arg-type]
    assert compared == [
        Change("a", "plain", 100.0, 102.0),
        Change("b", "plain", None, 50.0),
        Change("a", "compiled", 100.0, 80.0),
        Change("b", "compiled", None, 40.0),
    ]
    assert [change.share for change in compared] == pytest.approx([0.02, 0.0, -0.2, 0.0])
    assert changes(after, {}) == [change._replace(before=None) for change in compared]  # type: ignore[arg-type]


def test_regressions_are_over_three_percent_and_the_largest_comes_first() -> None:
    below, over = Change("a", "plain", 1_000.0, 1_029.0), Change("b", "plain", 1_000.0, 1_031.0)
    worse, new = Change("c", "compiled", 100.0, 150.0), Change("d", "plain", None, 1e9)
    assert regressions([below, over, worse, new]) == [worse, over]
    assert str(worse) == "c, compiled: 150 instructions per event instead of 100, +50.0%"


def test_a_regression_that_the_second_count_does_not_confirm_is_dropped() -> None:
    spurious, real = Change("a", "plain", 100.0, 104.0), Change("b", "plain", 100.0, 104.0)
    other = Change("c", "compiled", 100.0, 99.0)
    again = [Change("a", "plain", 100.0, 100.1), Change("b", "plain", 100.0, 104.2)]
    assert smaller_changes([spurious, real, other], again) == [again[0], real, other]


@pytest.mark.parametrize(
    ("message", "given"),
    [
        ("Judge holds\n\nInstructions: a hold has to be looked up\n", ["a hold has to be looked up"]),
        ("One\n\nInstructions: first\nReviewed-by: B\n\nTwo\n\nInstructions:second\n", ["first", "second"]),
        ("Count instructions\n\nInstructions:\n\nThe Instructions: are in the docs\n", []),
    ],
)
def test_a_reason_is_a_line_of_the_commit_message(message: str, given: list[str]) -> None:
    assert reasons(message) == given


def test_the_report_has_columns_for_the_changes_only_after_a_comparison() -> None:
    compared = [Change("a", "plain", 1_000.0, 1_100.0), Change("b", "plain", None, 70_000.0)]
    compared += [Change("a", "compiled", 1_000.0, 900.0), Change("b", "compiled", None, 60_000.0)]
    assert report(compared).splitlines() == [
        "| instructions per event |  plain | compiled |",
        "|:--|--:|--:|",
        "| a                      |  1 100 |      900 |",
        "| b                      | 70 000 |   60 000 |",
    ]
    assert report(compared, "HEAD^").splitlines()[2:] == [
        "| a                      |  1 100 |      +10.0% |      900 |      -10.0% |",
        "| b                      | 70 000 |         new |   60 000 |         new |",
        "plain: +10.00%, the geometric mean of 1 scenarios",
        "compiled: -10.00%, the geometric mean of 1 scenarios",
    ]


# --- the whole command, with a fake counter ---------------------------------------------------------------------------

COUNTER = """
import json, sys
print(json.dumps({"build": "plain", "instructions": {"event/made": %s}}))
"""


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: None) -> Path:
    """A repository with one commit, whose fake counter reports 100 000 instructions per event."""
    root = tmp_path / "project"
    (root / "benchmarks").mkdir(parents=True)
    (root / "benchmarks" / "__init__.py").touch()
    monkeypatch.setattr(instructions, "ROOT", root)
    monkeypatch.setattr(instructions, "check_valgrind", lambda: None)
    git(root, "init", "--quiet")
    commit(root, 100_000, "First")
    return root


def write(root: Path, figure: int) -> None:
    (root / "benchmarks" / "callgrind.py").write_text(COUNTER % figure)


def commit(root: Path, figure: int, message: str) -> None:
    write(root, figure)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)


def compared(capsys: pytest.CaptureFixture[str], revision: str) -> tuple[int, str]:
    status = instructions.main(["--plain", "--against", revision])
    return status, capsys.readouterr().out


@pytest.mark.parametrize(("figure", "status"), [(90_000, 0), (102_900, 0), (104_000, 1)])
def test_a_commit_may_cost_three_percent_more(
    project: Path, capsys: pytest.CaptureFixture[str], figure: int, status: int
) -> None:
    commit(project, figure, "Second")
    ended, text = compared(capsys, "HEAD^")
    assert ended == status
    assert ("Instructions: <reason>" in text) == bool(status)
    assert f"{figure / 100_000 - 1:+.1%}" in text


def test_uncommitted_changes_are_compared_with_the_last_commit(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, 104_000)
    assert compared(capsys, "HEAD")[0] == 1


def test_a_commit_may_cost_more_if_it_gives_the_reason(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(project, 120_000, "Second\n\nInstructions: holds have to be looked up")
    commit(project, 120_000, "Third")
    ended, text = compared(capsys, "HEAD~2")
    assert ended == 0
    assert "holds have to be looked up" in text
    assert "event/made, plain: 120 000 instructions per event instead of 100 000, +20.0%" in text


def test_a_shallow_clone_has_no_parent_and_does_not_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended, text = compared(capsys, "HEAD^")
    assert ended == 0
    assert "this clone has no commit HEAD^" in text
    assert "git fetch --unshallow" in text
    assert "100 000" in text, "the working tree is counted all the same"


def test_a_folder_without_git_is_counted_without_a_comparison(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(project / ".git")
    assert compared(capsys, "HEAD^")[0] == 0


def test_a_parent_without_the_program_does_not_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "benchmarks" / "callgrind.py").unlink()
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Without")
    commit(project, 104_000, "With")
    ended, text = compared(capsys, "HEAD^")
    assert ended == 0
    assert "has no benchmarks/callgrind.py" in text


def test_a_parent_that_does_not_run_does_not_fail_and_its_error_is_printed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "benchmarks" / "callgrind.py").write_text("raise SystemExit('a package is missing')\n")
    git(project, "commit", "--quiet", "--all", "--message", "Broken")
    commit(project, 104_000, "Mended")
    ended, text = compared(capsys, "HEAD^")
    assert ended == 0
    assert "a package is missing" in text


def test_figures_can_be_written_to_a_file(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert instructions.main(["--plain", "--json", str(tmp_path / "figures.json")]) == 0
    assert '"event/made": 100000.0' in (tmp_path / "figures.json").read_text()


def test_a_pattern_that_matches_no_scenario_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "benchmarks" / "callgrind.py").write_text('print(\'{"build": "plain", "instructions": {}}\')\n')
    assert instructions.main(["--plain", "evnt/*"]) == 2
    assert "no scenario matches evnt/*" in capsys.readouterr().err
