"""Every fault has its place in the code as it is, whatever was renamed since; one that has none says so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import MUTANTS, ROOT
from tests.mutants.planting import Mutant, NotPlanted, planted

CODE = """
class Till:
    def ring(self, price, paid):
        if self.open and paid >= price:
            self.sales.append(price)
            return paid - price
        self.beep(paid)
        return self.refuse(price) if price > paid else 0
"""


def plant(tmp_path: Path, form: str, fault: str, place: str = "shop.till:Till.ring", which: int = 0) -> str:
    """Return the statements of the method with the fault."""
    (tmp_path / "shop").mkdir(exist_ok=True)
    (tmp_path / "shop" / "till.py").write_text(CODE, "utf-8")
    text = planted(Mutant("a fault", place, form, fault, which), tmp_path)
    before = ast.unparse(ast.parse(CODE)).splitlines()
    return "\n".join(line.strip() for line in text.splitlines() if line not in before)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_fault_has_its_place_and_changes_it(mutant: Mutant) -> None:
    assert planted(mutant, ROOT) != ast.unparse(ast.parse((ROOT / mutant.path).read_text("utf-8")))


def test_names_of_faults_are_told_apart() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(
    ("form", "fault", "changed"),
    [
        ("paid >= price", "paid > price", "if self.open and paid > price:"),
        ("given >= due", "given > due", "if self.open and paid > price:"),
        ("self.is_open and given >= due", "given >= due", "if paid >= price:"),
        ("self.is_open and given >= due", "self.is_open", "if self.open:"),
        ("x - y", "x + y", "return paid + price"),
        ("self.list.append(due)", "", "pass"),
        ("self.list.append(due)", "self.list = []", "self.sales = []"),
        ("self.list.append(due)\nreturn given - due", "return given", "return paid"),
        ("self.x(y) if y > z else 0", "self.x(y)", "return self.refuse(price)"),
    ],
)
def test_a_form_is_found_whatever_its_names_are(form: str, fault: str, changed: str, tmp_path: Path) -> None:
    assert plant(tmp_path, form, fault) == changed


def test_where_a_form_occurs_more_than_once_it_is_said_which_is_meant(tmp_path: Path) -> None:
    assert plant(tmp_path, "self.x(y)", "y", which=1) == "paid"
    assert plant(tmp_path, "self.x(y)", "y", which=2) == "return price if price > paid else 0"
    with pytest.raises(NotPlanted, match="2 times"):
        plant(tmp_path, "self.x(y)", "y")
    with pytest.raises(NotPlanted, match="2 times"):
        plant(tmp_path, "self.x(y)", "y", which=3)


@pytest.mark.parametrize(
    ("place", "form", "fault", "said"),
    [
        ("shop.till:Till.sell", "x >= y", "x > y", "there is no shop.till:Till.sell"),
        ("shop.till:Till.ring", "x <= y", "x < y", "0 times"),
        ("shop.till:Till.ring", "x >= x", "x > x", "0 times"),
        ("shop.till:Till.ring", "x >= y", "x > NEVER", "knows no NEVER"),
    ],
)
def test_a_fault_without_a_place_says_so(place: str, form: str, fault: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(NotPlanted, match=f"{said}.*adapt the mutant 'a fault'"):
        plant(tmp_path, form, fault, place)
