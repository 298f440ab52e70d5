"""Rows in which boxes stand below headings: matrices of one question each, and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from forms.model import Field, Kind, Option, Row
from layouts.model import BoxKind
from layouts.pieces import PIECES, Ink, Line, Piece, PlacementError, Spot
from layouts.sizes import (
    BOX,
    COLUMN_GAP,
    FRAME,
    GAP,
    HAIRLINE,
    LABEL_GAP,
    LABEL_PT,
    MATRIX_COLUMN,
    MORE_PER_CHOICE,
    MOST_GAP,
    OPTION_PITCH,
    ROW,
    SMALL_PT,
    TABLE_GUTTER,
)
from layouts.typeset import width_mm


@dataclass(frozen=True)
class Matrix:
    """Lines of boxes below a heading of options. Labels `group：item` print the group once."""

    options: tuple[Option, ...]
    group: float  # width of the groups' column
    label: float  # width of groups and labels
    column: float  # width of an option's column
    width: float

    @staticmethod
    def of(row: Row, width: float, column: float) -> Matrix:
        parts = [f.label.rpartition("：") for f in row.fields]
        group = max(width_mm(name, LABEL_PT) for name, _, _ in parts)
        group += LABEL_GAP + 2.0 if group else 0.0
        label = max(column, group + max(width_mm(item, LABEL_PT) for _, _, item in parts) + LABEL_GAP)
        options = row.fields[0].options
        return Matrix(options, group, label, min((width - label) / len(options), MATRIX_COLUMN), width)

    def heading(self) -> Line:
        def draw(ink: Ink, at: Spot) -> None:
            for n, option in enumerate(self.options):
                ink.text(at.x + self._centre(n), at.middle, option.label, align="centre")

        return Line((Piece((), self.width, ROW, draw),))

    def lines(self, fields: Sequence[Field]) -> Iterator[Line]:
        groups = [f.label.rpartition("：")[0] for f in fields]
        for n, f in enumerate(fields):
            begins = n == 0 or groups[n] != groups[n - 1]
            ends = n + 1 == len(fields) or groups[n] != groups[n + 1]
            unruled = 0.0 if ends or not groups[n] else self.group
            yield Line((self._piece(f, begins),), unruled=unruled)

    def _piece(self, f: Field, with_group: bool) -> Piece:
        group, _, item = f.label.rpartition("：")

        def draw(ink: Ink, at: Spot) -> None:
            if group and with_group:
                ink.text(at.x, at.middle, group)
            ink.text(at.x + (self.group if group else 0.0), at.middle, item)
            for n, option in enumerate(self.options):
                left, top = at.x + self._centre(n) - BOX / 2, at.middle - BOX / 2
                ink.box(f.key, BoxKind.CHECKBOX, left, top, BOX, BOX, option=option.key)

        return Piece((), self.width, ROW, draw)

    def _centre(self, n: int) -> float:
        return self.label + self.column * (n + 0.5)


# --- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """A column of a table. `x` from the table's left edge.

    choices  the options that stand side by side in it, each below its word
    """

    heading: str
    x: float
    width: float
    choices: tuple[Option, ...] = ()

    @property
    def centred(self) -> bool:
        """Below a word or a heading there stands a box in its middle."""
        return bool(self.choices)

    def middle(self, n: int) -> float:
        return self.x + self.width * (n + 0.5) / len(self.choices)


@dataclass(frozen=True)
class Table:
    """Rows of fields below headings, set `across` times side by side."""

    lead: float  # width of the rows' own words
    columns: tuple[_Column, ...]
    width: float
    across: int = 1

    @staticmethod
    def of(rows: Sequence[Row], width: float, across: int = 1) -> Table:
        """Raises PlacementError when the columns are wider than the paper."""
        each = (width - TABLE_GUTTER * (across - 1)) / across
        fields: dict[str, list[Field]] = {}
        for row in rows:
            for f in row.fields:
                fields.setdefault(f.column or f.label, []).append(f)
        lead = max(width_mm(row.words, LABEL_PT) for row in rows)
        lead += COLUMN_GAP if lead else 0.0
        needs = {heading: max(_need(heading, f) for f in found) for heading, found in fields.items()}
        spare = each - lead - sum(needs.values()) - GAP * (len(needs) - 1)
        if spare < 0:
            first = next(iter(fields.values()))[0]
            raise PlacementError(
                f"表格“{'、'.join(fields)}”比版心宽 {-spare:.0f} 毫米，请减少列、缩短选项或减少格数",
                first.key,
            )
        return Table(lead, tuple(_columns(fields, needs, lead, spare)), each, across)

    def heading(self) -> Line:
        folded = any(len(column.choices) > 1 and column.heading for column in self.columns)

        def draw(ink: Ink, at: Spot) -> None:
            for n in range(self.across):
                left = at.x + (self.width + TABLE_GUTTER) * n
                for column in self.columns:
                    _draw_heading(ink, column, left, at, folded)
                ink.rule(left, at.bottom, left + self.width, at.bottom, 0.6, FRAME)

        piece = Piece((), self.width, ROW + (OPTION_PITCH - 1.2 if folded else 0.0), draw, shares=0.3)
        return Line((piece,), unruled=None)

    def lines(self, rows: Sequence[Row]) -> Iterator[Line]:
        """Columns are filled from top to bottom, the first one first. A row's words are printed once
        for all rows that they are about."""
        deep = -(-len(rows) // self.across)
        for n in range(deep):
            beside = [
                (rows[m], m == 0 or rows[m - 1].words != rows[m].words) for m in range(n, len(rows), deep)
            ]
            yield self._line(beside)

    def _line(self, rows: Sequence[tuple[Row, bool]]) -> Line:
        cells = [(row, worded, [(self._column(f), _cell(f)) for f in row.fields]) for row, worded in rows]

        def draw(ink: Ink, at: Spot) -> None:
            for n, (row, worded, pieces) in enumerate(cells):
                left = at.x + (self.width + TABLE_GUTTER) * n
                if worded:
                    ink.text(left, at.middle, row.words)
                ink.rule(left, at.bottom, left + self.width, at.bottom, 0.4, HAIRLINE)
                for column, piece in pieces:
                    x = left + column.x
                    piece.draw(ink, replace(at, x=x, width=column.width, first=at.middle, last=at.middle))

        height = max((piece.height for *_, pieces in cells for _, piece in pieces), default=ROW)
        return Line((Piece((), self.width, height, draw),), unruled=None)

    def _column(self, f: Field) -> _Column:
        return next(column for column in self.columns if column.heading == (f.column or f.label))


def as_table(matrix: Row) -> list[Row]:
    """A matrix as rows of a table, so that it can stand in several columns."""
    return [Row((replace(f, label="", column=""),), table=True, words=f.label) for f in matrix.fields]


def _edges(rows: Sequence[Row], n: int) -> tuple[bool, bool]:
    """Whether row `n` is the first, and the last, of those with its words."""
    return (
        n == 0 or rows[n - 1].words != rows[n].words,
        n + 1 == len(rows) or rows[n + 1].words != rows[n].words,
    )


def _need(heading: str, f: Field) -> float:
    """The least width of a column with this field in it."""
    title = width_mm(heading, LABEL_PT)
    if f.options:
        alone = len(f.options) == 1
        words = 0.0 if alone else max(width_mm(option.label, SMALL_PT) for option in f.options) + 1.4
        return max(title, max(BOX + 2.4, words) * len(f.options))
    return max(title, _cell(f).width)


def _columns(
    fields: dict[str, list[Field]], needs: dict[str, float], x: float, spare: float
) -> Iterator[_Column]:
    """Spare width goes to what is written or printed in full, by its need, else between the columns."""
    stretching = [heading for heading, found in fields.items() if _cell(found[0]).stretch]
    choices = [heading for heading, found in fields.items() if len(found[0].options) > 1]
    if choices and not stretching:
        stretching = choices
        spare = min(spare, sum(MORE_PER_CHOICE * len(fields[heading][0].options) for heading in choices))
    stretched = sum(needs[heading] for heading in stretching)
    gap = GAP if stretching else min(GAP + spare / max(len(fields) - 1, 1), MOST_GAP)
    for heading, found in fields.items():
        width = needs[heading] * (1 + spare / stretched if heading in stretching else 1)
        yield _Column(heading, x, width, found[0].options)
        x += width + gap


def _cell(f: Field) -> Piece:
    """A field without its label. Raises PlacementError for what takes more than a line."""
    if f.kind is Kind.LINES or f.height:
        raise PlacementError(f"字段 {f.key} 是多行手写或盖章，不能放在表格里", f.key)
    return _boxes(f) if f.options else PIECES[f.kind](replace(f, label=""), 1, 0.0)


def _boxes(f: Field) -> Piece:
    def draw(ink: Ink, at: Spot) -> None:
        pitch = at.width / len(f.options)
        for n, option in enumerate(f.options):
            left = at.x + pitch * (n + 0.5) - BOX / 2
            ink.box(f.key, BoxKind.CHECKBOX, left, at.middle - BOX / 2, BOX, BOX, option=option.key)

    return Piece((), 0.0, ROW, draw)


def _draw_heading(ink: Ink, column: _Column, left: float, at: Spot, folded: bool) -> None:
    upper, lower = (at.middle - 2.4, at.middle + 2.2) if folded else (at.middle, at.middle)
    if len(column.choices) > 1:
        for n, option in enumerate(column.choices):
            ink.text(left + column.middle(n), lower, option.label, SMALL_PT, align="centre")
    if column.centred:
        middle = upper if len(column.choices) > 1 else lower
        ink.text(left + column.x + column.width / 2, middle, column.heading, align="centre")
    else:
        ink.text(left + column.x, lower, column.heading)
