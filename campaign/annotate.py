"""A copy of the office's workbook with every error and remark as a comment on its cell.

The copy holds what the cells say, not their colours: it is made from the cells as they were read, so
that it comes out the same from .xls, .ods and CSV.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from campaign.cells import plain
from campaign.roster import Grid, Issue, RosterError, open_book

LIST = "错误清单"
_ERROR, _REMARK = "#F8CBAD", "#FFF2CC"
_WIDTH = 16


def write_annotated(
    source: Path, copy: Path, errors: Sequence[Issue], warnings: Sequence[Issue] = ()
) -> None:
    """Write `copy`: a list of everything first, then the sheets. Raises OSError."""
    try:
        grids = {name: grid() for name, grid in open_book(source).items()}
    except RosterError:
        grids = {}  # what cannot be opened has a list alone
    with copy.open("wb") as file, xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        formats = {colour: book.add_format({"bg_color": colour}) for colour in (_ERROR, _REMARK)}
        said = [(issue, "错误", _ERROR) for issue in errors]
        said += [(issue, "提醒", _REMARK) for issue in warnings]
        _write_list(book.add_worksheet(LIST), book, said)
        by_sheet: dict[str, list[tuple[Issue, str, str]]] = defaultdict(list)
        for one in said:
            by_sheet[plain(one[0].sheet)].append(one)
        for name, grid in grids.items():
            if plain(name) != LIST:
                _write_sheet(book.add_worksheet(name), grid, by_sheet[plain(name)], formats)


def _write_list(sheet: Any, book: Any, said: Sequence[tuple[Issue, str, str]]) -> None:
    heading = book.add_format({"bold": True, "bg_color": "#DDE6F0"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 3, 12)
    sheet.set_column(4, 4, 80)
    for n, words in enumerate(("类型", "工作表", "行", "列", "说明")):
        sheet.write_string(0, n, words, heading)
    for row, (issue, kind, _) in enumerate(said, 1):
        column = f"{issue.column} {issue.heading}".strip()
        cells = (kind, issue.sheet, str(issue.row or ""), column, issue.message)
        for n, words in enumerate(cells):
            sheet.write_string(row, n, words)


def _write_sheet(
    sheet: Any, grid: Grid, said: Sequence[tuple[Issue, str, str]], formats: dict[str, Any]
) -> None:
    marks: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for issue, kind, colour in said:
        place = max(issue.row - 1, 0), _column(issue.column)
        marks[place].append((f"{kind}：{issue.message}", colour))
    width = max((len(row) for row in grid), default=0)
    sheet.set_column(0, max(width - 1, 0), _WIDTH)
    for row, cells in enumerate(grid):
        for column, value in enumerate(cells):
            colours = [colour for _, colour in marks.get((row, column), ())]
            _write_cell(sheet, row, column, value, formats[min(colours)] if colours else None)
    for (row, column), remarks in marks.items():
        words = "\n".join(dict.fromkeys(remark for remark, _ in remarks))
        sheet.write_comment(row, column, words, {"x_scale": 2, "y_scale": 1.2})
        if row >= len(grid) or column >= len(grid[row]):
            sheet.write_blank(row, column, None, formats[min(colour for _, colour in remarks)])


def _write_cell(sheet: Any, row: int, column: int, value: object, form: Any) -> None:
    if value is None or value == "":
        if form is not None:
            sheet.write_blank(row, column, None, form)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, form)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, form)
    else:
        sheet.write_string(row, column, str(value), form)


def _column(letters: str) -> int:
    """0 for A, and for none."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return max(number - 1, 0)
