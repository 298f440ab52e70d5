"""The visit plan from the command to the unit's workbook and back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
import xlsxwriter
from docx import Document
from python_calamine import CalamineWorkbook
from test_digest import RETURNS, Office

from store import Duty, Subject, roster, visit_plans
from zoufang.console import Exit


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "town")
    with office.store.write() as db:
        roster.set_duties(db, 1, [Duty(Subject("household", f"H{n}"), "C1", "workbook") for n in range(1, 6)])
    return office


def plan(office: Office, folder: Path, *more: str, code: int = Exit.DONE) -> Any:
    return office.run("plan", "-o", folder, "--date", "2017-04-10", "--json", *more, code=code)


def days(office: Office) -> dict[str, date]:
    with office.store.read() as db:
        return {subject.code: one.day for subject, one in visit_plans.load(db, 1).items()}


def test_a_plan_goes_out_and_comes_back_as_the_unit_changed_it(office: Office, tmp_path: Path) -> None:
    first = plan(office, tmp_path / "out")
    assert (first["planned"], first["new"]) == (5, 5)
    book = tmp_path / "out" / "走访计划-U1.xlsx"
    before = days(office)
    office.run("plan", "--load", book)
    assert days(office) == before, "loaded back as it went out"
    grid = CalamineWorkbook.from_path(str(book)).get_sheet_by_name("走访计划").to_python()
    at, code = grid[0].index("计划日期"), grid[0].index("编码")
    _rewrite(book, [[*row[:at], "2017/3/15", *row[at + 1 :]] if row[code] == "H3" else row for row in grid])
    office.run("plan", "--load", book)
    assert days(office) == {**before, "H3": date(2017, 3, 15)}
    again = plan(office, tmp_path / "out")
    assert (again["planned"], again["new"]) == (5, 0)
    _rewrite(book, [[*row[:at], "随时", *row[at + 1 :]] if row[code] == "H1" else row for row in grid])
    office.run("plan", "--load", book, code=Exit.FAILED)
    assert days(office) == {**before, "H3": date(2017, 3, 15)}, "all or nothing"


def test_a_unit_that_the_roster_does_not_have_is_refused_and_one_that_it_has_is_shown_alone(
    office: Office, tmp_path: Path
) -> None:
    with pytest.raises(click.UsageError, match="没有单位：D99"):
        plan(office, tmp_path / "out", "--unit", "D99")
    assert not (tmp_path / "out").exists()
    with pytest.raises(click.UsageError, match="没有干部：X9"):
        office.run("export", "plan", "--cadre", "X9")
    assert [one["unit"] for one in plan(office, tmp_path / "out", "--unit", "U1")["units"]] == ["U1"]
    assert plan(office, tmp_path / "out", "--unit", "U2")["units"] == []


def test_the_plan_shows_what_is_late(office: Office, tmp_path: Path) -> None:
    plan(office, tmp_path / "out", "--from", "2017-03-01")
    for household, values in RETURNS.items():
        office.returns(household, values)
    (unit,) = plan(office, tmp_path / "out")["units"]
    assert {**unit, "unit": ""} == {
        "unit": "",
        "name": "建设局",
        "planned": 5,
        "due": 3,
        "done": 3,
        "late": 3,
    }
    document: Any = Document(str(tmp_path / "out" / "走访计划-U1.docx"))
    words = "\n".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    assert "王*明" in words
    assert "王小明" not in words


def test_there_is_no_plan_without_an_assignment(tmp_path: Path) -> None:
    assert "已排定" not in Office(tmp_path / "town").run("plan", code=Exit.FAILED)


def _rewrite(path: Path, rows: list[list[Any]]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("走访计划")
        for n, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(n, column, cell)
