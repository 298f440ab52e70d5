"""Roster workbooks as offices send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from campaign.roster import RosterError, load_workbook
from campaign.workbook import SHEET_OF_TABLE

GOOD: dict[str, list[dict[str, Any]]] = {
    "units": [
        {"code": "01", "name": "经发局", "line": "企业", "phone": "0519-88880001"},
        {"code": "02", "name": "孟河村村民委员会"},
    ],
    "villages": [
        {"code": "320411100201", "name": "孟河村", "type": "村", "households": 3},
        {"code": "320411100202", "name": "齐梁村"},
    ],
    "cadres": [
        {"code": "L1", "name": "陈国强", "type": "党政领导", "stationed_village": "320411100201"},
        {
            "code": "C1",
            "name": "蒋玉兰",
            "type": "机关",
            "unit": "01",
            "mobile": "13800000001",
            "is_liaison_officer": "是",
        },
        {"code": "V1", "name": "张大山", "type": "村干部", "unit": "02", "is_liaison_officer": "是"},
    ],
    "groups": [
        {"code": "G1", "village": "320411100201", "number": "1组"},
        {"code": "G2", "village": "320411100201", "number": "2组"},
        {"code": "G3", "village": "320411100202", "number": "1组"},
    ],
    "households": [
        {"code": "H1", "village": "320411100201", "group": "G1", "head": "王小明", "door": "2号"},
        {"code": "H2", "village": "320411100201", "group": "G1", "head": "李梅", "door": "10号"},
        {"code": "H3", "village": "320411100201", "group": "G2", "head": "赵云", "tags": "党员代表、创业户"},
    ],
    "enterprises": [
        {
            "code": "Q1",
            "name": "常州喆达汽车零部件有限公司",
            "category": "区镇重点企业",
            "credit_code": "91110000600037341L",
        }
    ],
    "projects": [{"code": "P1", "name": "智能工厂", "builder": "喆达公司", "head": "刘总"}],
    "notables": [{"code": "M1", "name": "钱教授", "unit": "01"}],
    "assignments": [{"cadre": "L1", "kind": "企业", "subject": "Q1"}],
    "unit_villages": [{"unit": "01", "village": "320411100201"}],
}
Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def changed(table: str, row: int, **cells: Any) -> dict[str, list[dict[str, Any]]]:
    """The good workbook with some cells of one row replaced; a row beyond the last is added."""
    tables = {name: [dict(line) for line in rows] for name, rows in GOOD.items()}
    if row == len(tables[table]):
        tables[table].append({})
    tables[table][row].update(cells)
    return tables


def write_book(path: Path, tables: Tables) -> Path:
    """Sheets and columns by the names of `campaign.workbook`; every column is there."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    as_date = book.add_format({"num_format": "yyyy-mm-dd"})
    for table, rows in tables.items():
        spec = SHEET_OF_TABLE[table]
        sheet = book.add_worksheet(spec.name)
        for n, column in enumerate(spec.columns):
            sheet.write_string(0, n, column.heading)
            for line, row in enumerate(rows, 1):
                value = row.get(column.key)
                if isinstance(value, str):
                    sheet.write_string(line, n, value)
                elif isinstance(value, date):
                    sheet.write_datetime(line, n, value, as_date)
                elif value is not None:
                    sheet.write(line, n, value)
    book.close()
    return path


def errors_of(path: Path) -> list[str]:
    """What is wrong with the workbook, none when it loads."""
    try:
        load_workbook(path)
    except RosterError as error:
        return [str(issue) for issue in error.errors]
    return []
