"""What a line of a form is made of: each field as a piece that knows its least size and draws itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from forms.errors import ClerkError
from forms.model import Field, Kind
from layouts.model import Box, BoxKind, Rule, Text
from layouts.sizes import (
    BOX,
    CELL_H,
    CELL_W,
    COMB_GROUP_GAP,
    COMB_ROW,
    DARK,
    DATE_GAP,
    FACT_ROW,
    FRAME,
    GAP,
    HAIRLINE,
    HEADING_PT,
    INK,
    LABEL_EMS,
    LABEL_GAP,
    LABEL_PITCH,
    LABEL_PT,
    LINE_PITCH,
    MOST_AIR,
    MOST_GAP,
    OPTION_GAP,
    OPTION_PITCH,
    PARAGRAPH_PITCH,
    ROW,
    SIGNATURE_ROW,
    SMALL_PT,
    WORD_GAP,
)
from layouts.typeset import BASELINE, MM_PER_PT, width_mm

Label = tuple[tuple[str, float], ...]
"""A label's lines, each with its size in pt."""


class PlacementError(ClerkError, ValueError):
    """A form that does not fit its paper; the message says where and by how much.

    field  the key of the field that is to blame, if it is one
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass
class Ink:
    """What has been placed so far."""

    page: int = 1
    boxes: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def box(self, key: str, kind: BoxKind, x: float, y: float, w: float, h: float, **more: object) -> None:
        place = (round(v, 3) for v in (x, y, w, h))
        self.boxes.append(replace(Box(key, kind, self.page, *place), **more))  # type: ignore[arg-type]

    def text(self, x: float, middle: float, text: str, size: float = LABEL_PT, **more: object) -> None:
        """Words whose characters are centred on the height `middle`."""
        baseline = middle + BASELINE * size * MM_PER_PT
        placed = Text(self.page, round(x, 3), round(baseline, 3), size, text, grey=INK)
        self.texts.append(replace(placed, **more))  # type: ignore[arg-type]

    def rule(self, x1: float, y1: float, x2: float, y2: float, width: float, grey: float) -> None:
        ends = [round(v, 3) for v in (x1, y1, x2, y2)]
        self.rules.append(Rule(self.page, ends[0], ends[1], ends[2], ends[3], width, grey))

    def writing_line(self, x1: float, x2: float, y: float) -> None:
        self.rule(x1, y, x2, y, 0.6, FRAME)


@dataclass(frozen=True)
class Spot:
    """Where a piece is drawn: `first` and `last` are the middles of the line's lines of options."""

    x: float
    width: float
    top: float
    bottom: float
    first: float
    last: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Piece:
    """A field's label, the least width and height of the rest, and how that is drawn.

    folds    on how many lines its options stand
    stretch  whether it takes up spare width
    shares   its claim to spare height
    beside   what the label stands beside: the first line of options, the last one, or ruled lines
    """

    label: Label
    width: float
    height: float
    draw: Callable[[Ink, Spot], None]
    folds: int = 1
    stretch: bool = False
    shares: float = 1.0
    beside: Callable[[Spot], float] = field(default=lambda at: at.first)

    @property
    def label_width(self) -> float:
        return label_width_mm(self.label) + LABEL_GAP if self.label else 0.0


@dataclass(frozen=True)
class Line:
    """Pieces side by side. What the first asks begins at `column`, its label `indent` from the left;
    a `number` stands in front of it. The rule below leaves out its first `unruled` mm."""

    pieces: tuple[Piece, ...]
    column: float = 0.0
    indent: float = 0.0
    number: str = ""
    unruled: float | None = 0.0

    @property
    def height(self) -> float:
        return max(piece.height for piece in self.pieces)

    @property
    def shares(self) -> float:
        return max(piece.shares for piece in self.pieces)

    @property
    def least_width(self) -> float:
        first, *others = self.pieces
        start = max(self.column, self.indent + first.label_width)
        return start + first.width + sum(GAP + p.label_width + p.width for p in others)

    def draw(self, ink: Ink, x0: float, x1: float, top: float, bottom: float) -> None:
        folds = max(piece.folds for piece in self.pieces)
        middle, half = (top + bottom) / 2, OPTION_PITCH * (folds - 1) / 2
        first, last = middle - half, middle + half
        if self.number:
            ink.text(x0, first, self.number, HEADING_PT, font="hei", grey=DARK)
        if self.unruled is not None:
            ink.rule(x0 + self.unruled, bottom, x1, bottom, 0.4, HAIRLINE)
        for piece, label_x, x, width in self._arranged(x0, x1):
            at = Spot(x, width, top, bottom, first, last)
            draw_label(ink, piece.label, label_x, piece.beside(at), folds)
            piece.draw(ink, at)

    def _arranged(self, x0: float, x1: float) -> Iterator[tuple[Piece, float, float, float]]:
        """(piece, x of its label, x and width of the rest): spare width goes to the pieces that can
        stretch, else between the pieces."""
        spare = (x1 - x0) - self.least_width
        stretching = sum(piece.stretch for piece in self.pieces)
        stretch = spare / stretching if stretching else 0.0
        gap = GAP if stretching else min(GAP + spare / max(len(self.pieces) - 1, 1), MOST_GAP)
        label_x, least = x0 + self.indent, x0 + self.column
        for piece in self.pieces:
            x = max(label_x + piece.label_width, least)
            width = piece.width + (stretch if piece.stretch else 0.0)
            yield piece, label_x, x, width
            label_x, least = x + width + gap, 0.0


# --- labels --------------------------------------------------------------------------------------


def label_lines(label: str) -> Label:
    """A long label on two lines: broken before its bracket, else in halves and small."""
    if width_mm(label, 1.0) <= LABEL_EMS * MM_PER_PT:
        return ((label, LABEL_PT),) if label else ()
    bracket = label.find("（")
    if bracket > 0:
        return (label[:bracket], LABEL_PT), (label[bracket:], SMALL_PT)
    middle = math.ceil(len(label) / 2)
    return (label[:middle], SMALL_PT), (label[middle:], SMALL_PT)


def label_width_mm(label: Label) -> float:
    return max((width_mm(_hung(words), size) for words, size in label), default=0.0)


def _hung(words: str) -> str:
    """Without the brackets that hang out of a label's second line."""
    return words.strip("（）") if words.startswith("（") else words


def draw_label(ink: Ink, label: Label, x: float, middle: float, folds: int) -> None:
    """Centred on the line of options, or begun beside the first of several."""
    first = middle - LABEL_PITCH * (len(label) - 1) / 2 if folds == 1 else middle
    for n, (words, size) in enumerate(label):
        # The blank half of a full-width bracket would look like an indent.
        left = x - (size * MM_PER_PT / 2 if words.startswith("（") else 0.0)
        ink.text(left, first + LABEL_PITCH * n, words, size)


# --- fields --------------------------------------------------------------------------------------


def _least_height(height: float, label: Label) -> float:
    return max(height, LABEL_PITCH * len(label) + 0.4)


def _choice(f: Field, folds: int, unit: float) -> Piece:
    label, n_columns = label_lines(f.label), math.ceil(len(f.options) / folds)
    widths = [_snapped(BOX + WORD_GAP + width_mm(o.label, LABEL_PT) + OPTION_GAP, unit) for o in f.options]
    # The lines of a folded field are aligned: each column begins at the same place.
    columns = [max(widths[n::n_columns]) for n in range(n_columns)]
    lefts = [sum(columns[:n]) for n in range(n_columns)]

    def draw(ink: Ink, at: Spot) -> None:
        for n, option in enumerate(f.options):
            left, middle = at.x + lefts[n % n_columns], at.first + OPTION_PITCH * (n // n_columns)
            ink.box(f.key, BoxKind.CHECKBOX, left, middle - BOX / 2, BOX, BOX, option=option.key)
            ink.text(left + BOX + WORD_GAP, middle, option.label)

    height = _least_height(ROW + OPTION_PITCH * (folds - 1), label)
    return Piece(label, sum(columns) - OPTION_GAP, height, draw, folds)


def _snapped(width: float, unit: float) -> float:
    return math.ceil(width / unit - 0.02) * unit if unit else width


def _comb(f: Field, folds: int, unit: float) -> Piece:
    label, gaps = label_lines(f.label), _comb_gaps(f)
    after = width_mm(f.unit, LABEL_PT) + WORD_GAP if f.unit else 0.0
    width = CELL_W * f.cells + sum(gap for _, gap in gaps.values()) + after

    def draw(ink: Ink, at: Spot) -> None:
        left = at.x
        for cell in range(f.cells):
            ink.box(f.key, BoxKind.COMB, left, at.middle - CELL_H / 2, CELL_W, CELL_H, cell=cell)
            left += CELL_W
            word, gap = gaps.get(cell, ("", 0.0))
            if word:
                ink.text(left + gap / 2, at.middle, word, SMALL_PT, align="centre")
            left += gap
        if f.unit:
            ink.text(left + WORD_GAP, at.middle, f.unit)

    return Piece(label, width, COMB_ROW, draw)


def _comb_gaps(f: Field) -> dict[int, tuple[str, float]]:
    """Cell → the word printed behind it and the room for it."""
    if f.kind is Kind.DATE:
        return {3: ("年", DATE_GAP), 5: ("月", DATE_GAP), 7: ("日", DATE_GAP)}
    if f.rule == "month_day":
        return {1: ("月", DATE_GAP), 3: ("日", DATE_GAP)}
    if f.rule in ("mobile", "phone"):
        return {2: ("", COMB_GROUP_GAP), 6: ("", COMB_GROUP_GAP)}
    return {}


def _fact(f: Field, folds: int, unit: float) -> Piece:
    """Room for what is printed from the roster: no line, for nobody writes there."""
    label = label_lines(f.label)

    def draw(ink: Ink, at: Spot) -> None:
        height = at.bottom - at.top - 0.6
        lines = int(height / PARAGRAPH_PITCH) if f.height else 0
        ink.box(f.key, BoxKind.PREFILL, at.x, at.top + 0.3, at.width, height, lines=lines)

    def beside(at: Spot) -> float:
        return at.top + FACT_ROW / 2 if f.height else at.first

    height = max(_least_height(FACT_ROW, label), f.height)
    return Piece(label, f.width or 30.0, height, draw, stretch=True, beside=beside)


def _written(f: Field, folds: int, unit: float) -> Piece:
    """One line to write on."""
    label = label_lines(f.label)

    def draw(ink: Ink, at: Spot) -> None:
        top = max(at.top + 0.3, at.bottom - LINE_PITCH - MOST_AIR)
        ink.box(f.key, BoxKind.TEXT, at.x, top, at.width, at.bottom - top)
        ink.writing_line(at.x, at.x + at.width, at.bottom)

    return Piece(label, f.width or 30.0, LINE_PITCH + 0.3, draw, stretch=True, beside=lambda at: at.last)


def _ruled(f: Field, folds: int, unit: float) -> Piece:
    """Several lines to write on, the last of which is the row's own rule."""

    def beside(at: Spot) -> float:
        return at.top + (at.bottom - at.top) / f.lines / 2 + 0.5

    def draw(ink: Ink, at: Spot) -> None:
        pitch = (at.bottom - at.top) / f.lines
        ink.box(f.key, BoxKind.LINES, at.x, at.top, at.width, at.bottom - at.top, lines=f.lines)
        for n in range(1, f.lines + 1):
            ink.writing_line(at.x, at.x + at.width, at.top + pitch * n)

    height, shares = LINE_PITCH * f.lines, 1.2 * f.lines
    return Piece(label_lines(f.label), 60.0, height, draw, stretch=True, shares=shares, beside=beside)


def _near_the_line(at: Spot) -> float:
    """Beside a seal the line to sign on is far below the row's middle."""
    return at.middle if at.bottom - at.top < 2 * SIGNATURE_ROW else at.bottom - SIGNATURE_ROW / 2


def _signed(f: Field, folds: int, unit: float) -> Piece:
    """A line to sign on, or, when a height is given, a place for a seal between four corners."""
    label, width = label_lines(f.label), f.width or 45.0

    def draw_line(ink: Ink, at: Spot) -> None:
        ink.box(f.key, BoxKind.SIGNATURE, at.x, at.bottom - SIGNATURE_ROW + 0.6, width, SIGNATURE_ROW - 0.6)
        ink.writing_line(at.x, at.x + width, at.bottom)

    def draw_place(ink: Ink, at: Spot) -> None:
        top, bottom = at.middle - f.height / 2, at.middle + f.height / 2
        ink.box(f.key, BoxKind.SIGNATURE, at.x, top, width, f.height)
        for x, inwards in ((at.x, 4.0), (at.x + width, -4.0)):
            for y, down in ((top, 4.0), (bottom, -4.0)):
                ink.rule(x, y, x + inwards, y, 0.6, FRAME)
                ink.rule(x, y, x, y + down, 0.6, FRAME)

    if f.height:
        return Piece(label, width, f.height + 5.0, draw_place, shares=0.5)
    return Piece(label, width, SIGNATURE_ROW, draw_line, beside=_near_the_line)


PIECES: dict[Kind, Callable[[Field, int, float], Piece]] = {
    Kind.SINGLE: _choice,
    Kind.MULTIPLE: _choice,
    Kind.DIGITS: _comb,
    Kind.DATE: _comb,
    Kind.TEXT: _written,
    Kind.LINES: _ruled,
    Kind.SIGNATURE: _signed,
    Kind.PREFILL: _fact,
}
