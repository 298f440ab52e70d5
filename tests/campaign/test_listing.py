"""Rows of a ledger are somebody's for good, however often it is printed and whoever joins."""

from __future__ import annotations

import pytest
from returned import CAMPAIGN, H1, H2, KEY, Q1, Office

from campaign import PlannedSheet, plan_print
from forms import load_catalogue
from layouts import PlacementError, place
from store import Duty, Subject, roster

FORMS = load_catalogue()
LEDGER = {"LEDGER": place(FORMS["LEDGER"])}
H3 = Subject("household", "H3")


def assign(office: Office, *subjects: Subject) -> None:
    with office.store.write() as db:
        roster.set_duties(db, 1, [Duty(subject, "C1", "x") for subject in subjects])


def ledger(office: Office) -> tuple[PlannedSheet, ...]:
    with office.store.write() as db:
        return plan_print(db, KEY, CAMPAIGN, LEDGER, (), ("C1",)).packets[0].sheets


def codes(sheets: tuple[PlannedSheet, ...]) -> list[str]:
    rows = (sheet.facts.get(f"walk_{n}.code") for sheet in sheets for n in range(1, 60))
    return [code for code in rows if code]


def test_rows_are_in_walking_order_at_first(office: Office) -> None:
    assign(office, H1, H2, H3)
    assert codes(ledger(office)) == ["H2", "H1", "H3"]


def test_who_joins_comes_last_and_nobody_moves(office: Office) -> None:
    assign(office, H1)
    first = ledger(office)
    assign(office, H1, H2, H3)
    again = ledger(office)
    assert codes(first) == ["H1"]
    assert codes(again)[0] == "H1"
    assert set(codes(again)) == {"H1", "H2", "H3"}
    assert [sheet.serial for sheet in again] == [sheet.serial for sheet in first], "there was room on it"


def test_who_is_given_to_another_keeps_the_row(office: Office) -> None:
    assign(office, H1, H2)
    before = codes(ledger(office))
    assign(office, H1, Q1)
    assert codes(ledger(office))[:2] == before


def test_a_ledger_that_is_full_goes_on_on_more_sides(office: Office) -> None:
    assign(office, *(Subject("household", f"N{n:02d}") for n in range(30)))
    sheets = ledger(office)
    assert [sheet.page for sheet in sheets] == [1, 2, 3]
    assert {sheet.pages for sheet in sheets} == {3}


def test_nobody_to_visit_means_no_ledger(office: Office) -> None:
    assert ledger(office) == ()


def test_more_than_a_form_can_number_is_refused(office: Office) -> None:
    assign(office, *(Subject("household", f"N{n:03d}") for n in range(450)))
    with pytest.raises(PlacementError, match="31 面"):
        ledger(office)
