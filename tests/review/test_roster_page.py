"""名册 on the page: a workbook is checked, tried and loaded, and who visits whom is arranged."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients import Desk
from opinion_town import OpinionTown
from python_calamine import CalamineWorkbook

from review import Office
from samples.town import build_town, write_workbook
from store import roster

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    town = OpinionTown(tmp_path / "town")
    with town.store.write() as db:
        roster.replace(db, {table: [] for table in roster.codes(db)})
    return town.office


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "名册.xlsx"
    write_workbook(build_town(3, 60), path)
    return path


def send(desk: Desk, path: Path) -> str:
    """Have a workbook checked; returns the address of what came of it."""
    answer = desk.post("/roster/check", files=[("files", (path.name, path.read_bytes(), WORKBOOK))])
    return str(answer.url.path)


def test_a_workbook_is_tried_before_it_is_loaded(office: Office, book: Path) -> None:
    desk = Desk(office, "administrator")
    assert "还没有名册" in desk.words("/roster")
    page = send(desk, book)
    words = desk.words(page)
    assert "核对通过" in words
    assert "户：新增60" in words
    with office.store.read() as db:
        assert not roster.codes(db)["households"]
    assert "名册已载入" in desk.post(f"{page}/load").text
    with office.store.read() as db:
        assert len(roster.codes(db)["households"]) == 60
    desk.get(page, 404)
    assert not list((office.workspace / "out").glob("roster/*"))
    assert len(desk.audited("roster.load")) == 1
    assert "新增0，修改0，移出0，不变60" in desk.words(send(desk, book))


def test_errors_are_all_listed_and_nothing_is_loaded(office: Office, tmp_path: Path) -> None:
    desk = Desk(office, "supervisor")
    wrong = tmp_path / "户.csv"
    wrong.write_text("户码,村,组,户主\nH1,孟河村,9组,王小明\nH1,,,\n", "utf-8")
    page = send(desk, wrong)
    words = desk.words(page)
    assert "处错误，没有载入任何内容" in words
    assert "缺少工作表“村（社区）”" in words
    assert "户3A户码“H1”与第2行重复" in words
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(desk.get(f"{page}/annotated").content)
    assert CalamineWorkbook.from_path(str(copy)).sheet_names[0] == "错误清单"
    desk.post(f"{page}/load")
    with office.store.read() as db:
        assert not roster.codes(db)["cadres"]


def test_files_that_are_no_roster(office: Office, book: Path) -> None:
    desk = Desk(office, "supervisor")
    sent = [("files", ("名册.pdf", b"%PDF", "application/pdf"))]
    assert "请选一个工作簿" in desk.post("/roster/check", 422, files=sent).text
    two = [("files", (f"{n}.xlsx", book.read_bytes(), WORKBOOK)) for n in range(2)]
    assert "请选一个工作簿" in desk.post("/roster/check", 422, files=two).text
    evil = [("files", ("../../evil.xlsx", book.read_bytes(), WORKBOOK))]
    page = desk.post("/roster/check", files=evil).url.path
    (kept,) = (office.workspace / "out" / page.removeprefix("/")).iterdir()
    assert kept.name == "evil.xlsx"
    desk.get("/roster/a.b", 404)


def test_who_visits_whom_is_completed_and_held_against_the_plan(office: Office, book: Path) -> None:
    desk = Desk(office, "supervisor")
    assert "请先载入名册" in desk.post("/roster/assign", 422).text
    desk.post(f"{send(desk, book)}/load")
    before = desk.words("/roster")
    assert "没有走访人" in before
    desk.post("/roster/assign")
    after = desk.words("/roster")
    assert "没有走访人" not in after
    assert "户60" in after
    assert "少于30户" in after
    assert len(desk.audited("assign")) == 1


def test_the_template_can_be_had(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    path.write_bytes(Desk(office, "administrator").get("/roster/template").content)
    assert "户" in CalamineWorkbook.from_path(str(path)).sheet_names


def test_the_roster_is_the_offices(office: Office, book: Path) -> None:
    for role in ("keyer", "inspection"):
        desk = Desk(office, role)
        for path in ("/roster", "/roster/template", "/roster/abc", "/roster/abc/annotated"):
            desk.get(path, 403)
        desk.post("/roster/assign", 403)
        sent = [("files", (book.name, book.read_bytes(), WORKBOOK))]
        desk.post("/roster/check", 403, files=sent)


def test_files_of_strangers_are_not_even_looked_at(office: Office, book: Path) -> None:
    desk = Desk(office, "supervisor")
    desk.client.cookies.clear()
    sent = [("files", (book.name, book.read_bytes(), WORKBOOK))]
    answer = desk.client.post("/roster/check", files=sent, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/")
    assert not list((office.workspace / "out").iterdir())
