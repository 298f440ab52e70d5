"""Tables as files: CSV that opens right in Excel, XLSX whose words stay words, documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xlsxwriter

from generate.fonts import FontBook
from generate.paper import Column, Paper, Paragraph, Table
from generate.paper_docx import write_paper_docx
from generate.paper_pdf import write_paper_pdf

Row = Mapping[str, Any]
EXCEL_ROWS = 1_048_576
_WIDEST, _NARROWEST = 46, 8


@dataclass(frozen=True)
class Sheet:
    """A table. `columns`: key → heading; `note` says what it is."""

    name: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    note: str = ""

    @staticmethod
    def of(name: str, rows: Iterable[Row]) -> Sheet:
        """With the rows' own keys as headings."""
        listed = list(rows)
        return Sheet(name, {key: key for key in dict.fromkeys(key for row in listed for key in row)}, listed)


def to_csv(sheet: Sheet) -> str:
    """With a byte-order mark, without which Excel takes UTF-8 for the local code page."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(sheet.columns.values())
    writer.writerows([_safe(cell(row.get(key))) for key in sheet.columns] for row in sheet.rows)
    return "\ufeff" + text.getvalue()


def cell(value: Any) -> Any:
    """A value as one cell holds it."""
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return "" if value is None else value


def _safe(value: Any) -> Any:
    """What a spreadsheet would run as a formula becomes text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def write_xlsx(path: Path, sheets: Sequence[Sheet]) -> None:
    """A sheet each, headings frozen, with filters; text as text, numbers as numbers. Raises OSError.

    What is longer than a sheet of Excel goes on in further ones.
    """
    options = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with (
        path.open("wb") as file,
        xlsxwriter.Workbook(file, {**options, "constant_memory": True}) as book,
    ):
        heading = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True})
        text, wrap = (
            book.add_format({"num_format": "@"}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        names: set[str] = set()
        for sheet in sheets or [Sheet("无内容", {}, [])]:
            for part in _parts(sheet):
                _write_sheet(book.add_worksheet(_name(part.name, names)), part, heading, text, wrap)


def _parts(sheet: Sheet) -> Iterable[Sheet]:
    if len(sheet.rows) < EXCEL_ROWS:
        return [sheet]
    starts = range(0, len(sheet.rows), EXCEL_ROWS - 1)
    return [
        Sheet(f"{sheet.name}（{n}）", sheet.columns, sheet.rows[start : start + EXCEL_ROWS - 1], sheet.note)
        for n, start in enumerate(starts, 1)
    ]


def _name(wanted: str, taken: set[str]) -> str:
    """A name that Excel takes: at most 31 characters, none of []:*?/\\, and no other sheet's."""
    plain = "".join("·" if c in "[]:*?/\\" else c for c in wanted).strip("'")[:28] or "表"
    name, n = plain, 1
    while name.lower() in taken:
        n += 1
        name = f"{plain}{n}"
    taken.add(name.lower())
    return name


def _write_sheet(target: Any, sheet: Sheet, heading: Any, text: Any, wrap: Any) -> None:
    target.freeze_panes(1, 0)
    for n, (key, words) in enumerate(sheet.columns.items()):
        target.set_column(n, n, _width(words, (row.get(key) for row in sheet.rows[:200])))
    if sheet.columns and sheet.rows:
        target.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    for n, words in enumerate(sheet.columns.values()):
        target.write_string(0, n, words, heading)
    for number, row in enumerate(sheet.rows, 1):
        for n, key in enumerate(sheet.columns):
            value = cell(row.get(key))
            if isinstance(value, bool):
                target.write_string(number, n, "是" if value else "否")
            elif isinstance(value, int | float):
                target.write_number(number, n, value)
            elif value != "":
                target.write_string(number, n, str(value), wrap if len(str(value)) > 40 else text)


def _width(heading: str, values: Iterable[Any]) -> float:
    longest = max((_length(str(cell(value))) for value in values), default=0)
    return min(max(longest, _length(heading), _NARROWEST) + 2, _WIDEST)


def _length(words: str) -> int:
    """In characters of a digit's width."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in words)


def to_paper(title: str, sheets: Sequence[Sheet], shares: Mapping[str, float]) -> Paper:
    """Tables as a document. `shares`: heading → width beside the others'."""
    blocks: list[Any] = []
    for sheet in sheets:
        if sheet.note:
            blocks.append(Paragraph(sheet.note, small=True))
        columns = tuple(Column(words, shares.get(words, 1.0)) for words in sheet.columns.values())
        rows = [[cell(row.get(key)) for key in sheet.columns] for row in sheet.rows]
        blocks.append(Table(columns, rows, caption=sheet.name if len(sheets) > 1 else ""))
    return Paper(title, tuple(blocks), wide=True)


def write_paper(path: Path, paper: Paper, fonts: FontBook) -> None:
    """As Word or PDF, by the name's ending. Raises FontError, OSError."""
    if path.suffix.lower() == ".pdf":
        write_paper_pdf(path, paper, fonts)
    else:
        write_paper_docx(path, paper)
