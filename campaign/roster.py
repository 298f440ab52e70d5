"""The roster: read from the office's workbook, checked as a whole, and kept in the database.

    load_workbook   every sheet → every cell (`campaign.cells`) → codes, references, consistency
    keep_roster     the rows into the database, saying what changed

All errors are found at once; with any error nothing is returned, and so nothing is kept.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError
from sqlalchemy import Connection
from xlsxwriter.utility import xl_col_to_name

from campaign.cells import Cell, CellError, check, plain
from campaign.template import GUIDE
from campaign.workbook import SHEET_OF_TABLE, SHEETS, Column, SheetSpec
from forms.errors import ClerkError
from store import Changes, Store, audit
from store import roster as stored

Row = dict[str, Any]
KIND_OF_WORD = {
    "企业": "enterprise",
    "项目": "project",
    "村": "village",
    "组": "group",
    "户": "household",
    "名士": "notable",
}
"""走访安排's 对象类型 → kind of subject."""
TABLE_OF_WORD = {word: kind + "s" for word, kind in KIND_OF_WORD.items()}
_REQUIRED_SHEETS = ("villages", "cadres")
_HEADING_ROWS = 10  # titles and notes may stand above the headings
_TOTALS = {"合计", "总计", "小计"}


@dataclass(frozen=True)
class Issue:
    """One thing wrong, or doubtful, with the workbook. `row` counts from 1, 0: the whole sheet."""

    sheet: str
    message: str
    row: int = 0
    column: str = ""  # Excel's letters
    heading: str = ""

    def __str__(self) -> str:
        row = f"第 {self.row} 行" if self.row else ""
        column = f"{self.column} 列（{self.heading}）" if self.column else ""
        place = " ".join(
            part for part in (f"工作表“{self.sheet}”" if self.sheet else "", row, column) if part
        )
        return f"{place}：{self.message}" if place else self.message


class RosterError(ClerkError):
    """The workbook cannot be used; every error is here, each with its place."""

    def __init__(self, errors: Sequence[Issue], warnings: Sequence[Issue] = ()) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)
        self.warnings = tuple(warnings)


@dataclass(frozen=True)
class Roster:
    """Rows by table, as `campaign.workbook.SHEETS` names them; tables that a workbook lacks are absent.

    In `assignments`, `kind` is a kind of subject (household, …), no longer the workbook's word.
    """

    tables: Mapping[str, Sequence[Row]]
    warnings: tuple[Issue, ...] = ()

    def __getitem__(self, table: str) -> Sequence[Row]:
        return self.tables.get(table, ())

    @staticmethod
    def of(db: Connection) -> Roster:
        """The roster as the database has it."""
        return Roster(stored.load(db))


def keep_roster(db: Connection, roster: Roster, who: str) -> dict[str, Changes]:
    """Make the database's roster say what the workbook says; returns what changed, by table.

    Tables that the workbook lacks stay as they are, and so does all that was printed and read.
    """
    changes = stored.replace(db, roster.tables)
    audit.note(db, who, "roster.load", {name: vars(change) for name, change in changes.items()})
    return changes


class _OnlyTriedError(Exception):
    """Ends a transaction that was only tried."""


def load_roster(store: Store, roster: Roster, who: str, *, dry_run: bool = False) -> dict[str, Changes]:
    """Keep the roster, or only say what that would change; by table."""
    changes: dict[str, Changes] = {}
    with contextlib.suppress(_OnlyTriedError), store.write() as db:
        changes = keep_roster(db, roster, who)
        if dry_run:
            raise _OnlyTriedError
    return changes


# --- reading the workbook ------------------------------------------------------------------------


def load_workbook(path: Path, known: Mapping[str, Iterable[str]] | None = None) -> Roster:
    """Read and check a workbook (.xlsx, .xlsm, .xls, .ods), a CSV file or a folder of such, each named
    as its sheet (户.csv), in UTF-8 or GB18030.

    known  codes by table that the database has already (`store.roster.codes`), for tables whose sheet
           the workbook lacks

    Raises RosterError, with every error, and OSError.
    """
    reading = _Reading({table: set(codes) for table, codes in (known or {}).items()})
    book = open_book(path)
    sheets = {plain(name): name for name in book}
    for spec in SHEETS:
        name = sheets.pop(plain(spec.name), None)
        if name is not None:
            reading.read(spec, book[name]())
    for name in sheets.values():
        if plain(name) != GUIDE:
            reading.warn(Issue(name, "名册中没有这张工作表，未读取"))
    reading.check_presence()
    reading.check_codes()
    reading.check_references()
    reading.check_assignments()
    reading.check_groups()
    if reading.errors:
        raise RosterError(sorted(reading.errors, key=_place), reading.warnings)
    return reading.roster()


def _place(issue: Issue) -> tuple[int, int, str]:
    names = [spec.name for spec in SHEETS]
    return names.index(issue.sheet) if issue.sheet in names else -1, issue.row, issue.column


Grid = list[list[Cell]]
Book = Mapping[str, Callable[[], Grid]]
"""Sheet → what gives its cells from A1 on."""


def open_book(path: Path) -> Book:
    """The sheets of a workbook, a CSV file, or a folder of CSV files. Raises RosterError, OSError."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
        if not files:
            raise RosterError([Issue("", f"文件夹 {path.name} 中没有 CSV 文件")])
        return {file.stem: partial(_csv_grid, file) for file in files}
    if path.suffix.lower() == ".csv":
        return {path.stem: partial(_csv_grid, path)}
    try:
        book = CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise RosterError([Issue("", f"{path.name} 有打开密码，请取消密码后另存，再加载")]) from None
    except CalamineError:
        raise RosterError(
            [Issue("", f"{path.name} 不是可读的 Excel 工作簿，请另存为 .xlsx 格式后再加载")]
        ) from None
    return {name: partial(_sheet_grid, book, name) for name in book.sheet_names}


def _sheet_grid(book: CalamineWorkbook, name: str) -> Grid:
    return _grid(book.get_sheet_by_name(name))


def _csv_grid(path: Path) -> Grid:
    """Excel saves GB18030 in Chinese, others UTF-8; columns by comma, semicolon or tab."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise RosterError(
                [Issue(path.stem, f"{path.name} 的文字编码既不是 UTF-8 也不是 GB18030，请另存后再加载")]
            ) from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]


@dataclass(frozen=True)
class _Line:
    """A row of a sheet: its number from 1, its values, and its columns' letters."""

    number: int
    values: Row


@dataclass
class _Reading:
    """A workbook being read: what it says so far and what is wrong with it."""

    known: Mapping[str, set[str]]
    lines: dict[str, list[_Line]] = field(default_factory=dict)
    letters: dict[str, dict[str, str]] = field(default_factory=dict)  # table → column key → "C"
    errors: list[Issue] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    _found: dict[str, _Targets] = field(default_factory=dict)

    def warn(self, issue: Issue) -> None:
        self.warnings.append(issue)

    def issue(self, spec: SheetSpec, line: _Line, column: Column, message: str) -> Issue:
        letter = self.letters[spec.table].get(column.key, "")
        return Issue(spec.name, message, line.number, letter, column.heading)

    def roster(self) -> Roster:
        tables = {table: [line.values for line in lines] for table, lines in self.lines.items()}
        return Roster(tables, tuple(self.warnings))

    # --- cells ---

    def read(self, spec: SheetSpec, grid: Grid) -> None:
        """Take in a sheet: find its headings, check its cells, keep its rows."""
        top, places = _find_headings(spec, grid)
        self.lines[spec.table] = []
        self.letters[spec.table] = {column.key: xl_col_to_name(n) for n, column in places.items()}
        if not places:
            headings = "、".join(column.heading for column in spec.columns if column.required)
            self.errors.append(Issue(spec.name, f"前 {_HEADING_ROWS} 行中找不到表头（应有：{headings}）"))
            return
        self._check_headings(spec, grid[top], places)
        for number, cells in enumerate(grid[top + 1 :], top + 2):
            if any(_filled(cells[n]) for n in places if n < len(cells)):
                self._read_row(spec, number, cells, places)

    def _check_headings(self, spec: SheetSpec, cells: Sequence[Cell], places: Mapping[int, Column]) -> None:
        present = Counter(column.key for column in places.values())
        for column in spec.columns:
            if column.required and not present[column.key]:
                self.errors.append(Issue(spec.name, f"缺少“{column.heading}”列，请补上"))
            if present[column.key] > 1:
                self.errors.append(Issue(spec.name, f"“{column.heading}”列重复出现，请只保留一列"))
        for n, cell in enumerate(cells):
            if n not in places and _filled(cell):
                self.warn(Issue(spec.name, f"{xl_col_to_name(n)} 列“{cell}”不是名册的列，未读取"))

    def _read_row(
        self, spec: SheetSpec, number: int, cells: Sequence[Cell], places: Mapping[int, Column]
    ) -> None:
        line = _Line(number, {column.key: None for column in spec.columns})
        if any(plain(str(cell)) in _TOTALS for cell in cells[:2]):
            self.warn(Issue(spec.name, "看起来是合计行，未读取", number))
            return
        for n, column in places.items():
            try:
                found = check(cells[n] if n < len(cells) else "", column)
            except CellError as error:
                self.errors.append(self.issue(spec, line, column, str(error)))
                continue
            line.values[column.key] = found.value
            if found.remark:
                self.warn(self.issue(spec, line, column, found.remark))
        self.lines[spec.table].append(line)

    # --- the workbook as a whole ---

    def check_presence(self) -> None:
        """Sheets that nothing can do without, now or from an earlier loading."""
        needed = {
            column.refers
            for spec in SHEETS
            for column in spec.columns
            if column.refers and any(line.values[column.key] for line in self.lines.get(spec.table, ()))
        }
        for spec in SHEETS:
            missing = spec.table not in self.lines and not self.known.get(spec.table)
            if missing and spec.table in needed | set(_REQUIRED_SHEETS):
                self.errors.append(Issue("", f"缺少工作表“{spec.name}”，请补上"))

    def check_codes(self) -> None:
        """No code twice in a sheet."""
        for spec in SHEETS:
            column = spec.columns[0]
            if column.refers:
                continue
            first: dict[str, int] = {}
            for line in self.lines.get(spec.table, ()):
                code = line.values[column.key]
                if code is None:
                    continue
                if code in first:
                    message = f"“{code}”与第 {first[code]} 行重复，请改为不同的编码或删去一行"
                    self.errors.append(self.issue(spec, line, column, message))
                first.setdefault(code, line.number)

    def check_references(self) -> None:
        """Every code that refers to another sheet is there; unique names are taken for codes."""
        for spec in SHEETS:
            for column in spec.columns:
                if column.refers and self._has(column.refers):
                    self._check_column(spec, column, self._targets(column.refers))
        self._check_group_column()

    def _check_column(self, spec: SheetSpec, column: Column, targets: _Targets) -> None:
        if spec.table == "households" and column.key == "group":
            return  # by number within the village: _check_group_column
        for line in self.lines.get(spec.table, ()):
            said = line.values[column.key]
            if said is None or said in targets.codes:
                continue
            found = targets.by_name.get(plain(said))
            line.values[column.key] = found
            if found is None:
                message = _unknown(said, column.refers, targets)
                self.errors.append(self.issue(spec, line, column, message))

    def _check_group_column(self) -> None:
        """户's 组: a 组编码, or a 组号 within the household's village."""
        if not self._has("groups"):
            return
        spec = SHEET_OF_TABLE["households"]
        column = next(column for column in spec.columns if column.key == "group")
        targets = self._targets("groups")
        groups = [line.values for line in self.lines.get("groups", ())]
        by_number = {(g["village"], plain(g["number"] or "")): g["code"] for g in groups}
        village_of = {g["code"]: g["village"] for g in groups}
        for line in self.lines.get("households", ()):
            said, village = line.values["group"], line.values["village"]
            if said is None:
                continue
            code = said if said in targets.codes else by_number.get((village, plain(said)))
            line.values["group"] = code
            if code is None:
                self.errors.append(self.issue(spec, line, column, _unknown(said, "groups", targets)))
            elif village and village_of.get(code, village) != village:
                message = f"“{said}”属于村 {village_of[code]}，与本行的村 {village} 不符，请改正其中一个"
                self.errors.append(self.issue(spec, line, column, message))

    def check_assignments(self) -> None:
        """走访安排: the subject exists, and no subject has two cadres (不重不漏)."""
        spec = SHEET_OF_TABLE["assignments"]
        column = next(column for column in spec.columns if column.key == "subject")
        first: dict[tuple[str, str], _Line] = {}
        kept: list[_Line] = []
        for line in self.lines.get("assignments", ()):
            word, code = line.values["kind"], line.values["subject"]
            if word is None or code is None:
                continue
            table = TABLE_OF_WORD[word]
            if not self._has(table):
                self.errors.append(Issue("", f"缺少工作表“{SHEET_OF_TABLE[table].name}”，请补上"))
                continue
            targets = self._targets(table)
            if code not in targets.codes:
                self.errors.append(self.issue(spec, line, column, _unknown(code, table, targets)))
                continue
            other = first.setdefault((word, code), line)
            if other is line:
                kept.append(_Line(line.number, {**line.values, "kind": KIND_OF_WORD[word]}))
            elif other.values["cadre"] == line.values["cadre"]:
                self.warn(self.issue(spec, line, column, f"与第 {other.number} 行重复，已略去"))
            else:
                message = (
                    f"{word}“{code}”已在第 {other.number} 行安排给另一名走访人，只能安排一人，请删去一行"
                )
                self.errors.append(self.issue(spec, line, column, message))
        if "assignments" in self.lines:
            self.lines["assignments"] = kept

    def check_groups(self) -> None:
        """Doubts, not errors: counts that do not add up, and households entered twice."""
        for table, key in (("villages", "village"), ("groups", "group")):
            spec = SHEET_OF_TABLE[table]
            column = next(column for column in spec.columns if column.key == "households")
            counted = Counter(line.values[key] for line in self.lines.get("households", ()))
            for line in self.lines.get(table, ()):
                said, found = line.values["households"], counted[line.values["code"]]
                if counted and said is not None and said != found:
                    message = f"登记 {said} 户，“户”表中有 {found} 户，请核对"
                    self.warn(self.issue(spec, line, column, message))
        spec = SHEET_OF_TABLE["households"]
        column = next(column for column in spec.columns if column.key == "head")
        first: dict[tuple[Any, ...], int] = {}
        for line in self.lines.get("households", ()):
            who = tuple(line.values[key] for key in ("group", "head", "door"))
            if None not in who and first.setdefault(who, line.number) != line.number:
                self.warn(self.issue(spec, line, column, f"户主、门牌与第 {first[who]} 行相同，请核对"))

    def _has(self, table: str) -> bool:
        return table in self.lines or bool(self.known.get(table))

    def _targets(self, table: str) -> _Targets:
        if table not in self._found:
            self._found[table] = self._find_targets(table)
        return self._found[table]

    def _find_targets(self, table: str) -> _Targets:
        if table not in self.lines:
            return _Targets(frozenset(self.known.get(table, ())), {})
        rows = [line.values for line in self.lines[table]]
        codes = frozenset(row["code"] for row in rows if row["code"])
        names = defaultdict(list)
        for row in rows:
            if row.get("name") and row["code"]:
                names[plain(row["name"])].append(row["code"])
        return _Targets(codes, {name: found[0] for name, found in names.items() if len(found) == 1})


@dataclass(frozen=True)
class _Targets:
    """What a reference may say: the codes, and the names that only one of them has."""

    codes: frozenset[str]
    by_name: Mapping[str, str]

    @cached_property
    def ordered(self) -> list[str]:
        return sorted(self.codes)

    @cached_property
    def by_number(self) -> dict[str, str]:
        """Codes by themselves without leading zeros, which Excel drops."""
        return {code.lstrip("0"): code for code in self.ordered}

    def nearest(self, said: str) -> str | None:
        """The code, or name, that is most like `said`, if any is at all like it."""
        if said.lstrip("0") in self.by_number:
            return self.by_number[said.lstrip("0")]
        # Comparing with a town's every household would take seconds: its neighbours in order will do.
        at = bisect_left(self.ordered, said)
        pool = [*self.ordered[max(at - 100, 0) : at + 100], *list(self.by_name)[:1000]]
        return next(iter(difflib.get_close_matches(said, pool, n=1, cutoff=0.6)), None)


def _unknown(said: str, table: str, targets: _Targets) -> str:
    near = targets.nearest(said)
    suggestion = f"（是否应为“{near}”？）" if near else ""
    return f"“{SHEET_OF_TABLE[table].name}”表中没有“{said}”{suggestion}，请改正，或先在该表中补上"


# --- the grid ------------------------------------------------------------------------------------


def _grid(sheet: CalamineSheet) -> Grid:
    """The sheet's cells from A1 on, merged cells filled downwards with what they show."""
    grid: Grid = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        for row in range(top + 1, min(bottom + 1, len(grid))):
            if left < len(grid[row]):
                grid[row][left] = grid[top][left]
    return grid


def _filled(cell: Cell) -> bool:
    return cell is not None and bool(str(cell).strip())


def _find_headings(spec: SheetSpec, grid: Sequence[Sequence[Cell]]) -> tuple[int, dict[int, Column]]:
    """The row of the headings and which column of the sheet is which; empty when there is none."""
    candidates = ((n, _match_headings(spec, cells)) for n, cells in enumerate(grid[:_HEADING_ROWS]))
    best = max(candidates, key=lambda found: len(found[1]), default=(0, {}))
    return best if len(best[1]) >= min(2, len(spec.columns)) else (0, {})


def _match_headings(spec: SheetSpec, cells: Sequence[Cell]) -> dict[int, Column]:
    by_heading = {plain(column.heading): column for column in spec.columns}
    said = ((n, plain(str(cell)).strip("*＊").removesuffix("(必填)")) for n, cell in enumerate(cells))
    return {n: by_heading[heading] for n, heading in said if heading in by_heading}


def describe_changes(changes: Mapping[str, Changes]) -> Iterator[str]:
    """What loading did, one line per sheet, for the clerk."""
    for spec in SHEETS:
        change = changes.get(spec.table)
        if change is not None:
            yield (
                f"{spec.name}：新增 {change.added}，修改 {change.changed}，"
                f"移出 {change.removed}，不变 {change.unchanged}"
            )
