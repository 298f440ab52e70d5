"""Exports come back as they went out; reports say what was counted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click import UsageError
from click.testing import CliRunner
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from test_digest import RETURNS, Office

from campaign.chronicle import CHRONICLE_COLUMNS
from campaign.figures import Rating, cross, suppressed
from campaign.ledger import DIARY_COLUMNS, LEDGER_COLUMNS
from campaign.masking import mask_name, mask_phone
from campaign.planning import PLAN_COLUMNS
from campaign.revisits import REVISIT_COLUMNS
from layouts import place
from review.accounts import AccountError, save_account
from store import Duty, Subject, Wanted, audit, printed, roster, scanned
from workspace.reporting import NotInspectionError
from workspace.tables import Sheet, to_csv, write_xlsx
from zoufang.cli import cli

RATED = {"rate_openness": "satisfied", "rate_conduct": "dissatisfied", "rate_service": "unknown"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = Office(tmp_path_factory.mktemp("office") / "town")
    with office.store.write() as db:
        roster.set_duties(db, 1, [Duty(Subject("household", f"H{n}"), "C1", "workbook") for n in range(1, 6)])
    for household, values in RETURNS.items():
        office.returns(household, {**values, **RATED, "phone": "13812345678", "card_delivered": "yes"})
    office.digest("2017-W14", "--date", "2017-04-10")
    return office


def exported(office: Office, tmp_path: Path, what: str, *more: str) -> Any:
    """The rows of an export in every format that holds them whole."""
    found = json.loads(office.run("export", what, *more))
    office.run("export", what, "--format", "csv", "-o", tmp_path / "x.csv", *more)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text("utf-8-sig"))))
    office.run("export", what, "--format", "xlsx", "-o", tmp_path / "x.xlsx", *more)
    return found, rows, CalamineWorkbook.from_path(str(tmp_path / "x.xlsx"))


def test_records_are_the_same_in_every_format(filled: Office, tmp_path: Path) -> None:
    found, rows, book = exported(filled, tmp_path, "records", "--unmasked")
    grid = book.get_sheet_by_name("2-5 群众入户调查表").to_python()
    keys = [str(heading).rsplit("（", 1)[-1].rstrip("）") for heading in grid[0]]
    for record, line, cells in zip(found, rows, grid[1:], strict=True):
        fields = dict(zip(keys, cells, strict=True))
        for key, answer in record["fields"].items():
            value = answer["value"]
            words = "、".join(value) if isinstance(value, list) else "" if value is None else value
            shown = str(words) if not isinstance(words, bool) else words
            assert line[key] == str(words)
            assert fields[key] == (shown if not isinstance(shown, bool) else "是" if shown else "否")


def test_readings_are_the_same_in_every_format(filled: Office, tmp_path: Path) -> None:
    found, rows, book = exported(filled, tmp_path, "readings", "--unmasked")
    grid = book.get_sheet_by_name("读数").to_python()
    assert len(found) == len(rows) == len(grid) - 1
    assert [row["field"] for row in rows] == [one["field"] for one in found]
    at = grid[0].index("field")
    assert [cells[at] for cells in grid[1:]] == [one["field"] for one in found]


def test_what_nobody_can_read_is_no_blank_in_a_table(tmp_path: Path) -> None:
    office = Office(tmp_path / "town")
    office.returns("H1", {"companions": None, "correction": None})
    with office.store.write() as db:
        serial = scanned.pages(db)[0].serial
        assert serial
        scanned.add_correction(db, serial, "companions", None, "周", unreadable=True)
    found, rows, _ = exported(office, tmp_path, "records")
    assert (rows[0]["companions"], rows[0]["correction"]) == ("无法辨认", "")
    assert [found[0]["fields"][key]["reason"] for key in ("companions", "correction")] == ["无法辨认", ""]


def test_telephones_and_names_are_masked_in_tables_unless_asked_for(filled: Office, tmp_path: Path) -> None:
    _, rows, _ = exported(filled, tmp_path, "records")
    assert {row["phone"] for row in rows} == {"138****5678"}
    found, rows, book = exported(filled, tmp_path, "ledger")
    assert [row["name"] for row in found] == [row["户主（对象）"] for row in rows]
    assert found[0]["name"] == "王*明"
    assert any("王*明" in row for row in book.get_sheet_by_index(0).to_python())
    shown = json.loads(filled.run("export", "ledger", "--unmasked"))
    assert shown[0]["name"] == "王小明"
    with filled.store.read() as db:
        query = "SELECT detail FROM audit WHERE action = 'export.ledger' ORDER BY id DESC"
        assert json.loads(db.exec_driver_sql(query).scalars().first())["unmasked"] is True


@pytest.mark.parametrize("what", ["records", "readings"])
def test_what_programs_compare_with_paper_is_whole_and_says_so(
    filled: Office, tmp_path: Path, what: str
) -> None:
    """In its help, when it is written, and in the audit trail."""
    assert "json供程序与纸面核对，一律不隐去" in "".join(filled.run("export", what, "-h").split())
    words = ["export", what, "-o", str(tmp_path / "x.json"), "-w", str(filled.workspace.root)]
    assert "没有隐去个人信息，已记入日志" in CliRunner().invoke(cli, words).output
    assert "13812345678" in (tmp_path / "x.json").read_text("utf-8")
    with filled.store.read() as db:
        assert audit.entries(db, f"export.{what}")[0].detail["unmasked"] is True


def test_the_ledger_says_what_became_of_each_visit(filled: Office, tmp_path: Path) -> None:
    found, rows, _ = exported(filled, tmp_path, "ledger")
    assert [(row["code"], row["date"], row["result"], row["card"], row["opinions"]) for row in found] == [
        ("H1", "2017-04-05", "完成", "√", 2),
        ("H2", "2017-04-09", "完成", "√", 1),
        ("H3", "2017-04-10", "完成", "√", 1),
        ("H4", "2017-04-04", "完成", "√", 1),
        ("H5", "", "", "", 0),
    ]
    assert [row["日期"] for row in rows] == [row["date"] for row in found]


def test_opinions_are_the_same_in_every_format(filled: Office, tmp_path: Path) -> None:
    found, rows, book = exported(filled, tmp_path, "opinions")
    sheet = book.get_sheet_by_index(0).to_python()
    assert [one["number"] for one in found] == [row["编号"] for row in rows] == [c[0] for c in sheet[1:]]
    assert [one["text"] for one in found] == [row["内容"] for row in rows]
    filled.run("export", "opinions", "--format", "docx", "-o", tmp_path / "x.docx")
    (table,) = Document(str(tmp_path / "x.docx")).tables
    assert [row.cells[0].text for row in table.rows][1:] == [one["number"] for one in found]


def test_the_library_of_opinions_ranks_topics(filled: Office, tmp_path: Path) -> None:
    (village,) = json.loads(filled.run("export", "opinions", "--by", "village"))
    assert village["name"] == "孟河村"
    assert village["ranking"][0] == {"category": "roads", "count": 2}
    assert sum(topic["count"] for topic in village["ranking"]) == len(village["opinions"]) == 5
    by_unit = json.loads(filled.run("export", "opinions", "--by", "unit"))
    assert {group["name"] for group in by_unit} == {"建设局", "孟河村委会", "镇活动办", "尚未交办"}
    filled.run("export", "opinions", "--by", "unit", "--format", "xlsx", "-o", tmp_path / "x.xlsx")
    names = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).sheet_names
    assert names[0] == "类别排序"
    assert set(names[1:]) == {group["name"] for group in by_unit}


def test_coverage_counts_by_everything_and_week_by_week(filled: Office, tmp_path: Path) -> None:
    found = json.loads(filled.run("export", "coverage"))
    assert {"cadre", "unit", "village", "group", "line", "form", "week", "unvisited"} == set(found)
    (line,) = found["line"][:-1]
    assert (line["key"], line["assigned"], line["returned"]) == ("群众", 5, 4)
    weeks = {week["week"]: week for week in found["week"]}
    assert (weeks["2017-W14"]["visits"], weeks["2017-W15"]["visits"], weeks["2017-W15"]["done"]) == (3, 1, 4)
    assert next(iter(weeks)) == "2017-W09"
    assert found["week"][-1]["planned"] == 5
    assert [one["code"] for one in found["unvisited"] if one["code"].startswith("H")] == ["H5"]


def test_a_file_format_needs_a_file(filled: Office) -> None:
    with pytest.raises(Exception, match="-o"):
        filled.run("export", "records", "--format", "xlsx")


def test_the_summary_says_what_was_counted(filled: Office, tmp_path: Path) -> None:
    filled.run("report", "-o", tmp_path, "--date", "2017-04-30")
    words = _words(tmp_path / "走访总结.docx")
    assert "应走访对象 5 个，已走访 4 个" in words
    assert "共收集意见建议 5 件，其中问题 4 件、建议 1 件" in words
    assert "满意率 =（满意 + 基本满意）÷ 有效回答数" in words
    assert "4 ÷ 5 = 80.0%" in words
    assert "密封上交" in words
    book = CalamineWorkbook.from_path(str(tmp_path / "走访总结数据.xlsx"))
    rated = {row[0]: row[1:] for row in book.get_sheet_by_name("群众满意度").to_python()}
    assert rated["村务公开"][:4] == [4, 0, 0, 0]
    assert rated["村务公开"][-1] == "100.0%"
    assert rated["干部作风"][-1] == "0.0%"
    assert rated["办事服务"][-2:] == [0, "—"]
    assert (tmp_path / "走访总结.pdf").read_bytes().startswith(b"%PDF")


def test_the_circular_names_what_is_late(filled: Office, tmp_path: Path) -> None:
    filled.run("report", "-o", tmp_path, "--circular", "2017-W17", "--date", "2017-04-28")
    words = _words(tmp_path / "每周通报-2017-W17.docx")
    assert "超过时限 3 件" in words
    assert "〔2017〕问1号" in words


SEALED = {
    "rate_overall": "dissatisfied",
    "rate_attitude": "average",
    "dissatisfied_units": ["U1"],
    "details": "办证跑了三趟",
}


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Six firms whose envelopes came back."""
    office = Office(tmp_path_factory.mktemp("rated") / "town")
    firms = [{"code": f"Q{n}", "name": f"企业{n}", "category": "中小企业"} for n in range(6)]
    with office.store.write() as db:
        roster.replace(db, {"enterprises": firms})
    for firm in firms:
        office.returns(firm["code"], {"visit_date": "2017-04-05", **SEALED}, form="2-2", kind="enterprise")
    save_account(office.store, "root", "du", "inspection", "envelope-2017")
    save_account(office.store, "root", "wang", "supervisor", "supervise-2017")
    return office


def test_the_inspection_groups_report_is_for_its_members_alone(rated: Office, tmp_path: Path) -> None:
    rated.run("report", "-o", tmp_path, "--inspection", "du", said="envelope-2017\n")
    words = _words(tmp_path / "企业评价报告.docx")
    assert "收到企业评价页 6 份" in words
    assert "办证跑了三趟" in words
    assert "建设局" in words
    assert "企业0" not in words
    with pytest.raises(AccountError):
        rated.run("report", "-o", tmp_path / "b", "--inspection", "du", said="guess\n")
    with pytest.raises(NotInspectionError):
        rated.run("report", "-o", tmp_path / "b", "--inspection", "wang", said="supervise-2017\n")
    assert not (tmp_path / "b").exists()
    with rated.store.read() as db:
        noted = [(one.who, one.action) for one in audit.entries(db) if one.action.startswith("report")]
    assert noted == [("wang", "report.inspection.refused"), ("du", "report.inspection")]
    with pytest.raises(UsageError, match="只能选一个"):
        rated.run("report", "-o", tmp_path, "--inspection", "du", "--circular", "2017-W17")


def test_nobody_else_is_told_what_was_sealed(rated: Office, tmp_path: Path) -> None:
    for what in ("records", "readings"):
        for ending in ("csv", "xlsx"):
            rated.run("export", what, "--format", ending, "--unmasked", "-o", tmp_path / f"{what}.{ending}")
    rated.run("report", "-o", tmp_path)
    tables = [path for path in tmp_path.iterdir() if path.suffix in (".csv", ".xlsx", ".docx")]
    assert len(tables) == 6
    for path in tables:
        words = _everything(path)
        assert not [key for key in (*SEALED, "办证跑了三趟", "不满意的单位") if key in words], path.name


def _everything(path: Path) -> str:
    if path.suffix == ".csv":
        return path.read_text("utf-8-sig")
    if path.suffix == ".docx":
        return _words(path)
    book = CalamineWorkbook.from_path(str(path))
    return "\n".join(str(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)


def _words(path: Path) -> str:
    document: Any = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


# --- tables --------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(st.tuples(WORDS, st.integers(-(10**9), 10**9)), max_size=8))
def test_a_workbook_gives_back_what_was_put_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "t.xlsx"
    write_xlsx(path, [Sheet("表", {"a": "甲", "b": "乙"}, [{"a": a, "b": b} for a, b in rows])])
    grid = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("表").to_python()
    assert [(cells[0], int(cells[1])) for cells in grid[1:]] == rows


def test_formulas_stay_words(tmp_path: Path) -> None:
    sheet = Sheet("表", {"a": "甲"}, [{"a": "=1+1"}, {"a": "007"}, {"a": "https://x.cn"}])
    write_xlsx(tmp_path / "t.xlsx", [sheet])
    grid = CalamineWorkbook.from_path(str(tmp_path / "t.xlsx")).get_sheet_by_index(0).to_python()
    assert [row[0] for row in grid[1:]] == ["=1+1", "007", "https://x.cn"]
    assert "'=1+1" in to_csv(sheet)


def test_names_and_numbers_are_masked() -> None:
    assert [mask_name(name) for name in ("王小明", "李梅", "欧阳山水", "喆", "")] == [
        "王*明",
        "李*",
        "欧**水",
        "*",
        "",
    ]
    assert mask_phone("13812345678") == "138****5678"
    assert "1234" not in mask_phone("0519-81234567")


def test_small_cells_of_cross_tables_are_not_told() -> None:
    pairs = [("孟河", "路")] * 3 + [("孟河", "水")] * 9 + [("孟河", "灯")] * 20 + [("齐梁", "水")] * 7
    assert cross(pairs, ["路", "水", "灯"]) == [["孟河", "<5", "*", "20"], ["齐梁", "0", "*", "0"]]
    assert [suppressed(n) for n in (0, 1, 4, 5)] == ["0", "<5", "<5", "5"]


CELLS = st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=1, max_size=4)


@given(CELLS)
def test_no_small_cell_can_be_told_from_the_totals(counts: list[list[int]]) -> None:
    pairs = [
        (f"村{y}", f"类{x}") for y, row in enumerate(counts) for x, n in enumerate(row) for _ in range(n)
    ]
    shown = cross(pairs, ["类0", "类1", "类2"])
    told = [row[1:] for row in shown]
    kept = [row for row in counts if any(row)]
    columns = [([row[x] for row in kept], [row[x] for row in told]) for x in range(3)]
    for line, cells in (*zip(kept, told, strict=True), *columns):
        hidden = [cell for cell in cells if cell in ("<5", "*")]
        assert len(hidden) != 1 or sum(map(bool, line)) == 1, "one unknown in a sum is known"
        assert all(cell == str(n) for n, cell in zip(line, cells, strict=True) if cell not in ("<5", "*"))
        assert all(cell == "<5" for n, cell in zip(line, cells, strict=True) if 0 < n < 5)


def test_who_does_not_know_does_not_count() -> None:
    rating = Rating("r", "村务公开", {"satisfied": 3, "fairly": 1, "dissatisfied": 1, "unknown": 15})
    assert (rating.valid, rating.share) == (5, 0.8)
    assert Rating("r", "村务公开", {"unknown": 2}).share is None


def test_each_unit_gets_the_figures_of_its_own_visits(filled: Office, tmp_path: Path) -> None:
    """Row 27: the material that a unit hands in."""
    filled.run("report", "-o", tmp_path, "--unit", "all")
    assert {path.name for path in tmp_path.glob("*.docx")} == {"走访总结-U1.docx", "走访总结-V1.docx"}
    words = _words(tmp_path / "走访总结-U1.docx")
    assert "建设局走访情况总结" in words
    assert "应走访对象 5 个，已走访 4 个" in words
    assert "共收集意见建议 5 件，其中问题 4 件、建议 1 件" in words
    handed = _words(tmp_path / "走访总结-V1.docx")
    assert "应走访对象 0 个" in handed
    assert "共收集意见建议 1 件，其中问题 0 件、建议 1 件" in handed, "what the village was handed"
    with pytest.raises(UsageError, match="没有单位：U9"):
        filled.run("report", "-o", tmp_path, "--unit", "U9")


def test_each_line_is_summed_up_by_itself(filled: Office, tmp_path: Path) -> None:
    """Row 30: 企业, 群众, 干部, 名士."""
    for line, visited in (("群众", 4), ("名士", 0)):
        filled.run("report", "-o", tmp_path, "--line", line)
        words = _words(tmp_path / f"走访总结-{line}.docx")
        assert f"走访{line}情况总结" in words
        assert f"已走访 {visited} 个" in words


@pytest.mark.parametrize(
    ("what", "columns"),
    [
        ("ledger", LEDGER_COLUMNS),
        ("diary", DIARY_COLUMNS),
        ("plan", PLAN_COLUMNS),
        ("revisits", REVISIT_COLUMNS),
        ("log", CHRONICLE_COLUMNS),
    ],
)
def test_tables_say_the_same_in_every_format(
    filled: Office, tmp_path: Path, what: str, columns: Mapping[str, str]
) -> None:
    filled.run("plan", "--from", "2017-03-01")
    _keep_a_diary(filled)
    found, rows, book = exported(filled, tmp_path, what)
    expected = [[_said(one[key]) for key in columns] for one in found]
    assert expected
    # In CSV an apostrophe keeps Excel from running what looks like a formula.
    plain = [[row[heading].removeprefix("'") for heading in columns.values()] for row in rows]
    assert plain == expected
    headings, *grid = book.get_sheet_by_index(0).to_python()
    assert headings == list(columns.values())
    assert [[_said(cell) for cell in line] for line in grid] == expected
    filled.run("export", what, "--format", "docx", "-o", tmp_path / "x.docx")
    document: Any = Document(str(tmp_path / "x.docx"))
    (table,) = document.tables
    kept = [list(columns.values()).index(cell.text) for cell in table.rows[0].cells]
    assert [[cell.text for cell in row.cells] for row in table.rows[1:]] == [
        [line[n] for n in kept] for line in expected
    ]


def _said(value: Any) -> str:
    """A cell as words: Excel's numbers have no decimals here."""
    return "" if value is None else str(int(value)) if isinstance(value, float) else str(value)


def _keep_a_diary(office: Office) -> None:
    """A page of a cadre's diary comes back, once."""
    layout = place(office.workspace.catalogue["DIARY"])
    with office.store.write() as db:
        if printed.load_layouts(db).get(layout.digest):
            return
        printed.keep_layout(db, layout)
        wanted = Wanted(layout.digest, "DIARY", 1, (1,), 1, None, "C1", spare=True)
        (issued,) = printed.issue(db, [wanted], office.workspace.key.new_serial, printed.start_job(db, {}))
    said = {
        "visit_date": "2017-04-05",
        "visit_mode": "in_person",
        "household_code": "H1",
        "findings": "=路不平",
    }
    for page, serial in issued.serials.items():
        asked = {field.key for field in layout.fields_on_page(page)}
        office.page(serial, {key: value for key, value in said.items() if key in asked})


def test_the_record_of_work_tells_the_steps_and_nobodys_answers(filled: Office) -> None:
    steps = [(one["step"], one["what"]) for one in json.loads(filled.run("export", "log"))]
    assert ("每周汇总交办", "2017-W14：列入 4 件，交办 3 件") in steps
    assert ("登记意见建议", "新登记 5 件，更新 0 件") in steps
    assert "王小明" not in str(steps)
