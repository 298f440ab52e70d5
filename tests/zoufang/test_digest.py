"""The week's lists and slips, from what came back to what a slip says; against lists made by hand."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from click.testing import CliRunner
from docx import Document
from opinion_town import RETURNS, OpinionTown, opinion

from store import scanned
from workspace.digesting import usual_date
from zoufang.cli import cli
from zoufang.console import Exit


class Office(OpinionTown):
    """The same by commands."""

    def run(self, *args: object, code: int = Exit.DONE, said: str = "") -> Any:
        """A command's JSON, or what it printed. `said`: on the keyboard."""
        words = [str(arg) for arg in (*args, "-w", self.workspace.root)]
        result = CliRunner().invoke(cli, words, input=said, standalone_mode=False)
        if result.exception:
            raise result.exception
        assert (result.return_value or 0) == code, result.output
        return json.loads(result.stdout) if "--json" in args else result.stdout

    def digest(self, week: str, *more: object, code: int = Exit.DONE) -> Any:
        folder = self.workspace / "out" / week
        return self.run("digest", "--week", week, "-o", folder, "--json", *more, code=code)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "town")
    office.bring_back()
    return office


def test_a_weeks_lists_are_those_made_by_hand(office: Office) -> None:
    week = office.digest("2017-W14", "--date", "2017-04-10")
    problems = [
        (one["number"], one["text"], one["handler_name"], one["due"], one["state"])
        for one in week["problems"]
    ]
    assert problems == [
        ("〔2017〕问1号", "门口的路坏了", "建设局", "2017-04-19", "assigned"),
        ("〔2017〕问3号", "养老金晚发", "", None, "replied"),
        ("〔2017〕问4号", "政策不明", "镇活动办", "2017-04-13", "assigned"),
    ]
    (suggestion,) = week["suggestions"]
    assert (suggestion["number"], suggestion["handler"], suggestion["level"]) == (
        "〔2017〕建2号",
        "V1",
        "village",
    )
    assert week["slips"] == ["〔2017〕问1号", "〔2017〕建2号", "〔2017〕问4号"]
    assert week["needs_review"] == week["late"] == []


def test_the_same_week_again_is_the_same(office: Office) -> None:
    first = office.digest("2017-W14", "--date", "2017-04-10")
    listing = office.workspace / "out" / "2017-W14" / "交办单-2017-W14.json"
    serials = [page["serial"] for page in json.loads(listing.read_text("utf-8"))["pages"]]
    assert office.digest("2017-W14", "--date", "2017-04-20") == first
    assert [page["serial"] for page in json.loads(listing.read_text("utf-8"))["pages"]] == serials


def test_what_comes_in_after_its_weeks_lists_is_in_a_later_one(office: Office) -> None:
    office.digest("2017-W14")
    office.returns(
        "H3",
        {"visit_date": "2017-04-07", **opinion(2, "problem", "roads", "桥要修", "town")},
        unsure="visit_date",
    )
    with office.store.write() as db:
        (serial,) = db.exec_driver_sql(
            "SELECT s.serial FROM sheets s JOIN instances i ON i.id = s.instance"
            " WHERE i.subject = 'H3' AND s.page = 1"
        ).scalars()
        scanned.add_correction(db, serial, "visit_date", "2017-04-07", "li", blind=False)
    week = office.digest("2017-W15")
    assert {one["text"] for one in week["problems"]} == {"路灯不亮", "桥要修"}
    assert len(week["late"]) == 2


def test_what_nobody_has_looked_at_is_listed_and_not_handed_over(tmp_path: Path) -> None:
    office = Office(tmp_path / "town")
    office.returns("H1", RETURNS["H1"], unsure="opinion_1.text")
    week = office.digest("2017-W14", code=Exit.SOME_TO_REVIEW)
    assert week["needs_review"] == ["〔2017〕问1号"]
    assert week["slips"] == ["〔2017〕建2号"]
    assert office.opinion("门口的路坏了").state == "open"
    words = _docx_words(office.workspace / "out" / "2017-W14" / "问题清单-2017-W14.docx")
    assert "门口的路坏了（待核）" in words
    assert "核对之前不开交办单" in words


def test_what_is_handed_over_unchecked_is_said_to_be_so(tmp_path: Path) -> None:
    """By the command and on the list, which still name what nobody has looked at."""
    office = Office(tmp_path / "town")
    office.returns("H1", RETURNS["H1"], unsure="opinion_1.text")
    folder = office.workspace / "out" / "2017-W14"
    command = ["digest", "--week", "2017-W14", "-o", str(folder), "-w", str(office.workspace.root)]
    held = CliRunner().invoke(cli, command).output
    assert "其中 1 件尚未经人核对，1 件没有开交办单" in held
    handed = CliRunner().invoke(cli, [*command, "--unchecked"]).output
    assert "其中 1 件尚未经人核对，1 件已开交办单。" in handed
    assert "没有开" not in handed
    words = _docx_words(folder / "问题清单-2017-W14.docx")
    assert "门口的路坏了（待核）" in words
    assert "不开交办单" not in words


def test_papers_name_nobody_unless_asked_to(office: Office) -> None:
    office.digest("2017-W14")
    folder = office.workspace / "out" / "2017-W14"
    shown = "".join(_docx_words(path) for path in folder.glob("*清单*.docx"))
    assert "王*明" in shown
    assert "王小明" not in shown
    assert "王小明" not in _pdf_words(folder / "交办单-2017-W14.pdf")
    office.digest("2017-W14", "--unmasked")
    assert "王小明" in _docx_words(folder / "问题清单-2017-W14.docx")
    with office.store.read() as db:
        noted = db.exec_driver_sql(
            "SELECT detail FROM audit WHERE action = 'digest.write' ORDER BY id DESC"
        ).scalar()
    assert json.loads(noted)["unmasked"] is True


def test_word_and_pdf_say_the_same(office: Office) -> None:
    office.digest("2017-W14")
    folder = office.workspace / "out" / "2017-W14"
    for stem in ("问题清单", "建议清单", "会商会办议题"):
        docx = _docx_words(folder / f"{stem}-2017-W14.docx")
        pdf = _pdf_words(folder / f"{stem}-2017-W14.pdf")
        assert sorted(_bare(docx)) == sorted(re.sub("—1—", "", _bare(pdf)))


def test_a_slip_that_comes_back_closes_its_item(office: Office) -> None:
    office.digest("2017-W14", "--date", "2017-04-10")
    listing = json.loads((office.workspace / "out" / "2017-W14" / "交办单-2017-W14.json").read_text("utf-8"))
    serial = listing["pages"][0]["serial"]
    assert listing["pages"][0]["subject"] == {"kind": "issue", "code": "2017-1"}
    answers = {
        "received_date": "2017-04-11",
        "result": "resolved",
        "resolved_date": "2017-05-18",
        "replied": "yes",
        "satisfaction": "satisfied",
        "details": "已补好路面",
    }
    office.page(serial, answers)
    closed = office.opinion("门口的路坏了")
    assert (closed.state, closed.replied_on, closed.satisfaction) == (
        "replied",
        date(2017, 5, 18),
        "satisfied",
    )
    assert office.opinion("政策不明").state == "assigned"


def test_what_came_back_as_not_theirs_is_handed_on_with_another_slip(office: Office) -> None:
    office.digest("2017-W14", "--date", "2017-04-10")
    said = ("--result", "returned", "--details", "不归我们", "--date", "2017-04-11")
    assert office.run("opinions", "answer", "1", *said, "--json")["state"] == "returned"
    handed = office.run("opinions", "assign", "1", "--unit", "U2", "--date", "2017-04-12", "--json")
    assert (handed["state"], handed["handler"]) == ("assigned", "U2")
    office.digest("2017-W14")
    listing = json.loads((office.workspace / "out" / "2017-W14" / "交办单-2017-W14.json").read_text("utf-8"))
    assert {page["subject"]["code"] for page in listing["pages"] if page["subject"]} >= {"2017-1-2"}
    assert office.opinion("门口的路坏了").handler_name == "农业局"


def test_the_joint_review_is_about_what_is_late_or_without_a_route(office: Office) -> None:
    office.returns("H5", {"visit_date": "2017-04-09", **opinion(1, "problem", "other", "没写处理", "")})
    office.digest("2017-W14", "--date", "2017-04-10")
    week = office.digest("2017-W15", "--date", "2017-04-24")
    assert week["agenda"]["overdue"] == ["〔2017〕问1号", "〔2017〕建2号", "〔2017〕问4号"]
    assert week["agenda"]["unrouted"] == ["〔2017〕问5号"]


def test_a_week_is_handed_over_on_the_next_monday_or_today() -> None:
    assert usual_date("2017-W14", date(2017, 6, 1)) == date(2017, 4, 10)
    assert usual_date("2017-W14", date(2017, 4, 7)) == date(2017, 4, 7)


def _docx_words(path: Path) -> str:
    document: Any = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def _pdf_words(path: Path) -> str:
    with pdfplumber.open(path) as pdf:
        return "\n".join(page.extract_text() or "" for page in pdf.pages)


def _bare(words: str) -> str:
    return "".join(words.split())


def test_a_slip_says_when_to_object_and_when_the_others_are_to_help(office: Office) -> None:
    office.run("opinions", "assign", "1", "--unit", "U1", "--co", "农业局", "--date", "2017-04-07")
    office.digest("2017-W14")
    words = _bare(_pdf_words(office.workspace / "out" / "2017-W14" / "交办单-2017-W14.pdf"))
    assert "协办单位于4月12日前向承办单位提出意见" in words, "three working days after a Friday"
    assert "不属本单位职责的，于4月10日前写明理由退回" in words, "one working day"


def test_an_objection_after_its_time_is_pointed_out_to_the_joint_review(office: Office) -> None:
    office.digest("2017-W14", "--date", "2017-04-10")
    back = ("--result", "returned", "--details", "不归我们")
    office.run("opinions", "answer", "1", *back, "--date", "2017-04-11")
    office.run("opinions", "answer", "2", *back, "--date", "2017-04-12")
    office.digest("2017-W14")
    folder = office.workspace / "out" / "2017-W14"
    words = _bare(_docx_words(folder / "会商会办议题-2017-W14.docx"))
    assert words.count("退回重办（已过退回期限）") == 1


def test_a_slip_dated_before_its_hand_over_is_looked_at_first(office: Office) -> None:
    """办结 ≥ 交办."""
    office.digest("2017-W14", "--date", "2017-04-10")
    listing = json.loads((office.workspace / "out" / "2017-W14" / "交办单-2017-W14.json").read_text("utf-8"))
    office.page(
        listing["pages"][0]["serial"], {"result": "resolved", "resolved_date": "2017-04-09", "replied": "yes"}
    )
    assert office.opinion("门口的路坏了").state == "assigned"
    (slip,) = (one for one in json.loads(office.run("export", "records")) if one["form"] == "SLIP")
    assert slip["fields"]["resolved_date"]["reason"] == "办结日期早于交办日期"
