"""The roster workbook: forgiving in how it is written, strict in what it says, all errors at once."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook
from town_book import GOOD, changed, errors_of, write_book

from campaign.roster import Roster, RosterError, describe_changes, keep_roster, load_workbook
from campaign.template import write_template
from campaign.workbook import SHEETS
from samples.town import build_town, write_workbook
from store import Store, audit, printed, roster
from store.schema import ROSTER

TOWN = 240


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "名册.xlsx"


def row(loaded: Roster, table: str, code: str) -> dict[str, Any]:
    return next(line for line in loaded[table] if line["code"] == code)


def test_the_workbooks_columns_are_the_databases() -> None:
    for spec in SHEETS:
        columns = {column.name for column in ROSTER[spec.table].c} - {"removed"}
        assert {column.key for column in spec.columns} == columns


def test_a_good_workbook_loads_whole(book: Path) -> None:
    loaded = load_workbook(write_book(book, GOOD))
    assert {table: len(rows) for table, rows in loaded.tables.items()} == {t: len(r) for t, r in GOOD.items()}
    assert row(loaded, "households", "H3")["tags"] == ["党员代表", "创业户"]
    assert row(loaded, "cadres", "C1")["is_liaison_officer"] is True
    assert row(loaded, "villages", "320411100201")["households"] == 3
    assert loaded["assignments"] == [{"cadre": "L1", "kind": "enterprise", "subject": "Q1"}]
    assert loaded.warnings == ()


def test_the_sample_town_loads_without_a_warning(book: Path) -> None:
    write_workbook(build_town(5, TOWN), book)
    loaded = load_workbook(book)
    assert len(loaded["households"]) == TOWN
    assert loaded.warnings == ()


def test_the_template_has_every_heading_and_loads_when_filled(book: Path) -> None:
    write_template(book)
    sheets = CalamineWorkbook.from_path(str(book))
    for spec in SHEETS:
        headings = [str(cell).rstrip("*") for cell in sheets.get_sheet_by_name(spec.name).to_python()[0]]
        assert headings == [column.heading for column in spec.columns]
    assert errors_of(book) == []  # empty, but nothing in it is wrong


@pytest.mark.parametrize(
    ("table", "number", "cells", "expected"),
    [
        ("villages", 0, {"code": 320411100201}, {"code": "320411100201"}),
        ("villages", 0, {"code": "３２０４１１１００２０１　"}, {"code": "320411100201"}),
        ("villages", 0, {"households": "３"}, {"households": 3}),
        ("villages", 0, {"households": 3.0}, {"households": 3}),
        ("villages", 0, {"population": "1,203"}, {"population": 1203}),
        ("villages", 0, {"secretary": "张　三 "}, {"secretary": "张三"}),
        ("villages", 0, {"secretary": "John  Smith"}, {"secretary": "John Smith"}),
        ("villages", 0, {"secretary": "=1+1"}, {"secretary": "=1+1"}),
        ("cadres", 1, {"mobile": 13800000001}, {"mobile": "13800000001"}),
        ("cadres", 1, {"mobile": "138 0000 0001"}, {"mobile": "13800000001"}),
        ("cadres", 1, {"mobile": "+86-138-0000-0001"}, {"mobile": "13800000001"}),
        ("cadres", 1, {"mobile": "0519－88880001"}, {"mobile": "0519-88880001"}),
        ("cadres", 1, {"mobile": "(0519)88880001"}, {"mobile": "0519-88880001"}),
        ("cadres", 1, {"is_liaison_officer": True}, {"is_liaison_officer": True}),
        ("cadres", 1, {"is_liaison_officer": "否"}, {"is_liaison_officer": False}),
        ("cadres", 1, {"unit": "经发局"}, {"unit": "01"}),
        ("enterprises", 0, {"credit_code": "91110000 60003734 1l"}, {"credit_code": "91110000600037341L"}),
        ("households", 0, {"group": "1组"}, {"group": "G1"}),
        ("households", 0, {"village": "孟河村"}, {"village": "320411100201"}),
        ("households", 0, {"door": 12}, {"door": "12"}),
        ("households", 2, {"tags": "党员代表，党员代表; 困难群众"}, {"tags": ["党员代表", "困难群众"]}),
    ],
)
def test_what_can_be_understood_is_put_right(
    book: Path, table: str, number: int, cells: dict[str, Any], expected: dict[str, Any]
) -> None:
    loaded = load_workbook(write_book(book, changed(table, number, **cells)))
    found = loaded[table][number]
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("table", "number", "cells", "place", "words"),
    [
        ("households", 1, {"head": " 　"}, "工作表“户” 第 3 行 D 列（户主）", "不能为空"),
        ("households", 1, {"code": "H1"}, "第 3 行 A 列（户码）", "与第 2 行重复"),
        ("households", 1, {"code": "3.2E+17"}, "第 3 行 A 列", "科学计数法"),
        ("households", 1, {"code": 320411100201000123}, "第 3 行 A 列", "Excel 已把第 15 位以后改成了 0"),
        ("households", 1, {"code": "H" * 41}, "第 3 行 A 列", "最多 40 个"),
        ("households", 1, {"group": "G9"}, "第 3 行 C 列（组）", "“村民小组”表中没有“G9”"),
        ("households", 1, {"group": "G3"}, "第 3 行 C 列（组）", "与本行的村 320411100201 不符"),
        ("households", 1, {"village": "320411100203"}, "第 3 行 B 列（村）", "是否应为“32041110020"),
        ("households", 1, {"door": datetime.date(2020, 1, 2)}, "第 3 行 E 列（门牌）", "改成了日期"),
        ("households", 1, {"head": "#REF!"}, "第 3 行 D 列", "公式出错"),
        ("households", 1, {"registered": "3人"}, "第 3 行 F 列（户籍人口）", "不是整数"),
        ("households", 1, {"registered": -1}, "第 3 行 F 列", "不是整数"),
        ("households", 1, {"registered": 2.5}, "第 3 行 F 列", "不是整数"),
        ("households", 1, {"tags": "党员"}, "第 3 行 H 列（类别）", "组干部、党员代表"),
        ("cadres", 1, {"mobile": "1380000000"}, "工作表“干部名册” 第 3 行 G 列（手机）", "不是有效的电话"),
        ("cadres", 1, {"mobile": 51988880001}, "第 3 行 G 列", "带区号的固定电话"),
        ("cadres", 1, {"mobile": "13800000001/13800000002"}, "第 3 行 G 列", "只填一个"),
        ("cadres", 1, {"is_liaison_officer": "也许"}, "第 3 行 H 列", "填“是”或“否”"),
        ("cadres", 1, {"type": "公务员"}, "第 3 行 F 列（干部类型）", "党政领导、机关、事业、村干部、其他"),
        ("cadres", 1, {"unit": 1}, "第 3 行 D 列（单位）", "是否应为“01”"),
        ("cadres", 1, {"unit": "经发居"}, "第 3 行 D 列（单位）", "是否应为“经发局”"),
        ("enterprises", 0, {"credit_code": "9111000060003734"}, "第 2 行 C 列", "现为 16 位"),
        ("enterprises", 0, {"credit_code": 911100006000373410}, "第 2 行 C 列", "Excel 已把"),
        (
            "assignments",
            0,
            {"subject": "Q2"},
            "工作表“走访安排” 第 2 行 C 列（对象编码）",
            "“企业”表中没有“Q2”",
        ),
        ("assignments", 0, {"kind": "狗"}, "第 2 行 B 列（对象类型）", "企业、项目、村、组、户、名士"),
        (
            "assignments",
            1,
            {"cadre": "C1", "kind": "企业", "subject": "Q1"},
            "第 3 行 C 列",
            "已在第 2 行安排给另一名走访人",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_a_remedy(
    book: Path, table: str, number: int, cells: dict[str, Any], place: str, words: str
) -> None:
    (error,) = errors_of(write_book(book, changed(table, number, **cells)))
    assert place in error
    assert words in error


@pytest.mark.parametrize(
    ("table", "number", "cells", "words"),
    [
        ("enterprises", 0, {"credit_code": "91350100M0001TGQXM"}, "校验位不符"),
        ("villages", 0, {"households": 5}, "登记 5 户，“户”表中有 3 户"),
        ("assignments", 1, {"cadre": "L1", "kind": "企业", "subject": "Q1"}, "与第 2 行重复，已略去"),
        (
            "households",
            3,
            {"code": "H4", "village": "320411100201", "group": "G1", "head": "王小明", "door": "2号"},
            "与第 2 行相同",
        ),
        ("households", 3, {"code": "合计", "head": "3"}, "合计行"),
    ],
)
def test_what_is_doubtful_is_a_warning(
    book: Path, table: str, number: int, cells: dict[str, Any], words: str
) -> None:
    loaded = load_workbook(write_book(book, changed(table, number, **cells)))
    assert any(words in str(warning) for warning in loaded.warnings)


def test_a_village_collectives_code_is_good(book: Path) -> None:
    """N2… is not a company's; stdnum's own check would refuse it. Check character by GB 32100."""
    tables = changed("enterprises", 0, credit_code="N2320411MF1234567" + "1")
    loaded = load_workbook(write_book(book, tables))
    (warning,) = loaded.warnings
    right = next(c for c in "0123456789ABCDEFGHJKLMNPQRTUWXY" if _good_code("N2320411MF1234567" + c))
    assert "校验位不符" in str(warning)
    tables = changed("enterprises", 0, credit_code="N2320411MF1234567" + right)
    assert load_workbook(write_book(book, tables)).warnings == ()


def _good_code(code: str) -> bool:
    """GB 32100: the weighted sum of all 18 characters is a multiple of 31."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return sum(alphabet.index(c) * pow(3, n, 31) for n, c in enumerate(code[:17])) % 31 == (
        -alphabet.index(code[17]) % 31
    )


def test_all_errors_come_at_once_in_the_order_of_the_sheets(book: Path) -> None:
    tables = changed("households", 1, head="", group="G9", registered="x")
    tables["cadres"][1]["mobile"] = "123"
    tables["units"][0]["name"] = None
    errors = errors_of(write_book(book, tables))
    assert [error.split("：")[0] for error in errors] == [
        "工作表“单位” 第 2 行 B 列（名称）",
        "工作表“干部名册” 第 3 行 G 列（手机）",
        "工作表“户” 第 3 行 C 列（组）",
        "工作表“户” 第 3 行 D 列（户主）",
        "工作表“户” 第 3 行 F 列（户籍人口）",
    ]


def test_titles_merged_cells_extra_columns_and_any_order_of_columns(book: Path) -> None:
    write_book(book, {table: rows for table, rows in GOOD.items() if table != "households"})
    tables = CalamineWorkbook.from_path(str(book))
    out = xlsxwriter.Workbook(str(book))
    for name in tables.sheet_names:
        sheet = out.add_worksheet(name)
        for n, cells in enumerate(tables.get_sheet_by_name(name).to_python()):
            sheet.write_row(n, 0, cells)
    sheet = out.add_worksheet(" 户 ")
    sheet.merge_range(0, 0, 0, 5, "孟河镇住户名册（2017年3月）")
    sheet.write_row(2, 0, ["序号", "户主 *", "户 码", "村（必填）", "组", "备 注"])
    sheet.write_row(3, 0, [1, "王小明", "H1", "", "G1"])
    sheet.write_row(4, 0, [2, "李梅", "H2", "", "G1"])
    sheet.merge_range(3, 3, 4, 3, "320411100201")
    sheet.write_row(6, 1, ["赵云", "H3", "320411100201", "G2"])
    out.add_worksheet("填表说明")
    out.close()
    loaded = load_workbook(book)
    assert [(r["head"], r["code"], r["village"]) for r in loaded["households"]] == [
        ("王小明", "H1", "320411100201"),
        ("李梅", "H2", "320411100201"),
        ("赵云", "H3", "320411100201"),
    ]
    assert [str(w) for w in loaded.warnings if "登记" not in str(w)] == [
        "工作表“户”：A 列“序号”不是名册的列，未读取",
        "工作表“填表说明”：名册中没有这张工作表，未读取",
    ]


def test_missing_and_repeated_columns_are_named(book: Path) -> None:
    write_book(book, {table: rows for table, rows in GOOD.items() if table != "notables"})
    tables = CalamineWorkbook.from_path(str(book))
    out = xlsxwriter.Workbook(str(book))
    for name in tables.sheet_names:
        copy = out.add_worksheet(name)
        for n, cells in enumerate(tables.get_sheet_by_name(name).to_python()):
            copy.write_row(n, 0, cells)
    sheet = out.add_worksheet("名士")
    sheet.write_row(0, 0, ["名士码", "界别", "界别"])
    sheet.write_row(1, 0, ["M1", "专家", "学者"])
    out.close()
    assert errors_of(book) == [
        "工作表“名士”：缺少“姓名”列，请补上",
        "工作表“名士”：“界别”列重复出现，请只保留一列",
    ]


def test_sheets_that_nothing_refers_to_may_be_absent(book: Path) -> None:
    bare = {table: GOOD[table] for table in ("units", "villages", "cadres")}
    assert errors_of(write_book(book, bare)) == []
    bare["households"] = GOOD["households"]
    assert errors_of(write_book(book, bare)) == ["缺少工作表“村民小组”，请补上"]
    assert errors_of(write_book(book, {"villages": GOOD["villages"]})) == ["缺少工作表“干部名册”，请补上"]


def test_absent_sheets_are_looked_up_in_what_is_known(book: Path) -> None:
    write_book(book, {"households": GOOD["households"]})
    known = {"villages": {"320411100201"}, "groups": {"G1", "G2"}, "cadres": {"C1"}}
    assert len(load_workbook(book, known)["households"]) == 3
    with pytest.raises(RosterError, match="没有“G2”"):
        load_workbook(book, known | {"groups": {"G1"}})


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_refused_in_words(book: Path, content: bytes) -> None:
    book.write_bytes(content)
    (error,) = errors_of(book)
    assert "不是可读的 Excel 工作簿" in error


def test_nothing_is_kept_of_a_workbook_with_an_error_and_all_of_a_good_one(book: Path, store: Store) -> None:
    with pytest.raises(RosterError):
        load_workbook(write_book(book, changed("households", 0, head=None)))
    loaded = load_workbook(write_book(book, GOOD))
    with store.write() as db:
        changes = keep_roster(db, loaded, "li")
        again = Roster.of(db)
        entries = audit.entries(db, "roster.load")
    assert "户：新增 3，修改 0，移出 0，不变 0" in list(describe_changes(changes))
    assert {table: len(rows) for table, rows in again.tables.items()} == {t: len(r) for t, r in GOOD.items()}
    assert entries[0].who == "li"
    assert "王小明" not in str(entries[0].detail)


def test_loading_again_keeps_what_was_printed(book: Path, store: Store) -> None:
    with store.write() as db:
        keep_roster(db, load_workbook(write_book(book, GOOD)), "li")
        job = printed.start_job(db, {})
        printed.issue_cards(db, {"C1": 1}, "2-8", 1, lambda: "7K3M9QPXW2AB", job)
    fewer = {**GOOD, "cadres": GOOD["cadres"][2:], "assignments": []}
    with store.write() as db:
        keep_roster(db, load_workbook(write_book(book, fewer)), "li")
    with store.read() as db:
        card = printed.card(db, "7K3M9QPXW2AB")
        assert [row["code"] for row in roster.load(db, "cadres")["cadres"]] == ["V1"]
    assert card is not None
    assert card.cadre == "C1"
