"""The empty roster workbook: headings, explained and with lists to choose from."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from campaign.workbook import SHEET_OF_TABLE, SHEETS, CellKind, Column, SheetSpec

GUIDE = "说明"
_ROWS = 50_000
"""Rows that get text format and lists: more than the largest sheet of a town needs."""
_AS_TEXT = (CellKind.CODE, CellKind.PHONE, CellKind.CREDIT_CODE)
_HINTS = {
    CellKind.CODE: "编码，按文本填写",
    CellKind.COUNT: "整数，不带单位",
    CellKind.PHONE: "手机号，或带区号的固定电话",
    CellKind.CREDIT_CODE: "18 位，按营业执照填写",
    CellKind.FLAG: "填“是”或“否”",
}
_GUIDE_LINES = (
    "走访名册填写说明",
    "1. 每张工作表第一行是表头，表头文字不要改；列的先后可以调整，没有内容的工作表可以删去。",
    "2. 表头带 * 的列必须填写。编码在同一张表内不能重复，其他表引用时要一致。",
    "3. 编码、电话、信用代码请按文本填写；长号码若按数字存放，Excel 会改掉末尾几位。",
    "4. “走访安排”只填已经定下的安排，其余由系统建议；同一对象只能安排给一名走访人。",
    "5. 名册可以反复加载：按编码增加、修改，表中没有的视为移出，已印、已收的表不受影响。",
)


def write_template(path: Path) -> None:
    """Write the workbook with its headings to `path`, replacing what is there. Raises OSError."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    try:
        heading = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True})
        _write_guide(book, heading)
        text = book.add_format({"num_format": "@"})
        for spec in SHEETS:
            _write_sheet(book.add_worksheet(spec.name), spec, heading, text)
    finally:
        book.close()


def _write_guide(book: Workbook, heading: Format) -> None:
    sheet = book.add_worksheet(GUIDE)
    sheet.set_column(0, 0, 100)
    for row, line in enumerate(_GUIDE_LINES):
        sheet.write_string(row, 0, line, heading if row == 0 else None)


def _write_sheet(sheet: Worksheet, spec: SheetSpec, heading: Format, text: Format) -> None:
    sheet.freeze_panes(1, 1)
    for n, column in enumerate(spec.columns):
        sheet.write_string(0, n, column.heading + ("*" if column.required else ""), heading)
        hint = explain(column)
        if hint:
            sheet.write_comment(0, n, hint)
        sheet.set_column(n, n, 20 if column.kind in _AS_TEXT else 14, text if _is_text(column) else None)
        choices = ("是", "否") if column.kind is CellKind.FLAG else column.choices
        if choices and column.kind is not CellKind.TAGS:
            sheet.data_validation(1, n, _ROWS, n, {"validate": "list", "source": list(choices)})


def _is_text(column: Column) -> bool:
    """Text format: for what must not become a number, and for doors, which Excel would make dates."""
    return column.kind in (*_AS_TEXT, CellKind.TEXT)


def explain(column: Column) -> str:
    """What the column takes, for a comment on its heading."""
    parts = [_HINTS.get(column.kind, "")]
    if column.refers:
        target = SHEET_OF_TABLE[column.refers]
        parts = [f"填“{target.name}”表的{target.columns[0].heading}"]
    if column.choices:
        several = column.kind is CellKind.TAGS
        parts.append(("可多选，用顿号分开：" if several else "填：") + "、".join(column.choices))
    return "；".join(part for part in parts if part)
