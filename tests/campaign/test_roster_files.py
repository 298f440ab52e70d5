"""The roster as offices have it: CSV of any encoding; errors written back into a copy."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from town_book import GOOD, changed, write_book

from campaign.annotate import LIST, write_annotated
from campaign.roster import RosterError, load_workbook


def as_csv(book: Path, folder: Path, encoding: str, delimiter: str = ",") -> Path:
    """The workbook's sheets as a folder of CSV files."""
    folder.mkdir()
    source = CalamineWorkbook.from_path(str(book))
    for name in source.sheet_names:
        text = io.StringIO()
        rows = source.get_sheet_by_name(name).to_python()
        csv.writer(text, delimiter=delimiter).writerows(rows)
        (folder / f"{name}.csv").write_bytes(text.getvalue().encode(encoding))
    return folder


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("gb18030", ";"), ("utf-8", "\t")],
)
def test_a_folder_of_csv_says_what_the_workbook_says(tmp_path: Path, encoding: str, delimiter: str) -> None:
    book = write_book(tmp_path / "roster.xlsx", GOOD)
    folder = as_csv(book, tmp_path / "csv", encoding, delimiter)
    assert load_workbook(folder).tables == load_workbook(book).tables


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_old_excel_and_openoffice_say_what_the_workbook_says(tmp_path: Path, suffix: str) -> None:
    """The files are `GOOD`, written cell by cell with xlwt 1.3 and odfpy 1.4."""
    book = write_book(tmp_path / "roster.xlsx", GOOD)
    old = Path(__file__).parent / "rosters" / f"good.{suffix}"
    assert load_workbook(old).tables == load_workbook(book).tables


def test_errors_of_csv_name_file_row_and_column(tmp_path: Path) -> None:
    book = write_book(tmp_path / "roster.xlsx", changed("households", 0, village="nowhere"))
    folder = as_csv(book, tmp_path / "csv", "gb18030")
    with pytest.raises(RosterError) as caught:
        load_workbook(folder)
    assert {(issue.sheet, issue.row) for issue in caught.value.errors} == {("户", 2)}


def test_a_folder_without_csv_and_letters_of_no_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="没有 CSV"):
        load_workbook(tmp_path)
    (tmp_path / "户.csv").write_bytes(b"\xff\xff\xff")
    with pytest.raises(RosterError, match="GB18030"):
        load_workbook(tmp_path)


def test_errors_are_written_back_as_comments_into_a_copy(tmp_path: Path) -> None:
    book = write_book(tmp_path / "roster.xlsx", changed("households", 0, village="nowhere", head=""))
    before = book.read_bytes()
    with pytest.raises(RosterError) as caught:
        load_workbook(book)
    copy = tmp_path / "copy.xlsx"
    write_annotated(book, copy, caught.value.errors, caught.value.warnings)
    assert book.read_bytes() == before
    source, annotated = (CalamineWorkbook.from_path(str(path)) for path in (book, copy))
    assert annotated.sheet_names == [LIST, *source.sheet_names]
    for name in source.sheet_names:
        assert annotated.get_sheet_by_name(name).to_python() == source.get_sheet_by_name(name).to_python()
    listed = annotated.get_sheet_by_name(LIST).to_python()[1:]
    said = (*caught.value.errors, *caught.value.warnings)
    assert [row[4] for row in listed] == [issue.message for issue in said]
    assert {row[0] for row in listed} == {"错误", "提醒"}
    assert _comments(copy) >= {
        f"{issue.column}{issue.row}" for issue in caught.value.errors if issue.column and issue.row
    }


def test_what_cannot_be_opened_still_gets_its_list(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"no workbook")
    with pytest.raises(RosterError) as caught:
        load_workbook(broken)
    write_annotated(broken, tmp_path / "copy.xlsx", caught.value.errors)
    assert CalamineWorkbook.from_path(str(tmp_path / "copy.xlsx")).sheet_names == [LIST]


def _comments(path: Path) -> set[str]:
    """The cells that have a comment, of all sheets together."""
    with zipfile.ZipFile(path) as package:
        parts = [package.read(name).decode() for name in package.namelist() if "comments" in name]
    return {cell for part in parts for cell in re.findall(r'<comment ref="([A-Z]+\d+)"', part)}
