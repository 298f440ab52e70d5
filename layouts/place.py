"""Places a form on paper: measures every field, packs fields into lines, lines into sides.

The steps, from the bottom up:

    field   → `_Piece`  its label, its least size, and a function that draws it at a spot
    row     → `_Line`s  pieces side by side; choice fields fold their options before a line breaks
    section → `_Block`s lines that no page break may part
    page    → sides     blocks from top to bottom; what room is left is spread between the lines

What makes a page calm: the labels that begin a line stand in one column, so that what is asked
begins at one place all down the page; the options of a field stand on a common pitch; everything on
a line is centred on one height; and the line on which one writes is the row's own lower rule.

Sizes follow paper practice (domain.md §2): boxes of 4 mm, comb cells of 6 × 8 mm, ruled lines 9 mm
apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from forms.model import Field, Form, Kind, Option, Page, Row, Section
from layouts.model import Box, BoxKind, Layout, PageFrame, Rule, Text
from layouts.typeset import MM_PER_PT, width_mm, wrap

BOX = 4.0
CELL_W, CELL_H = 6.0, 8.0
LINE_PITCH = 9.0
ROW = 6.2  # least height of a row
FACT_ROW = 6.8
COMB_ROW = 9.0
SIGNATURE_ROW = 12.0
HEADING_ROW = 7.2
TITLE_PT, LEAST_TITLE_PT = 22.0, 16.0
LABEL_PT = 10.0
HEADING_PT = 10.5
SMALL_PT = 9.0
LABEL_GAP = 1.6  # between a label and what it names
COLUMN_GAP = 2.2  # behind the labels that begin a line
LABEL_EMS = 6  # longer labels are set on two lines
LABEL_PITCH = 3.7
GAP, MOST_GAP = 3.8, 16.0  # between fields on a line
WORD_GAP = 0.9  # between a box and its word
OPTION_GAP = 2.4  # between an option's words and the next box
OPTION_UNIT = 7.15  # options begin at multiples of it: a word of two characters takes two units
OPTION_PITCH = 5.7  # between folded lines of options
COMB_GROUP_GAP = 1.6  # between the groups of a telephone number
DATE_GAP = 4.6  # for 年 月 日 behind their cells
MATRIX_COLUMN = 34.0  # widest
MOST_FOLDS = 4
MOST_AIR = 3.2  # mm that a line may be given beyond its need, for each of its `shares`
NUMBER_W = 6.5  # in front of the labels of a repeated section, for its number

DARK, INK, FRAME, HAIRLINE = 0.15, 0.35, 0.55, 0.78  # greys: titles, words, writing lines, rules
INSTRUCTION = "请用黑色签字笔在□内打√；填错请涂黑该框后重选；请勿折叠"


_Label = tuple[tuple[str, float], ...]
"""A label's lines, each with its size in pt."""


class PlacementError(ValueError):
    """A form that does not fit its paper; the message says where and by how much."""


@dataclass
class _Ink:
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
        baseline = middle + 0.36 * size * MM_PER_PT
        placed = Text(self.page, round(x, 3), round(baseline, 3), size, text, grey=INK)
        self.texts.append(replace(placed, **more))  # type: ignore[arg-type]

    def rule(self, x1: float, y1: float, x2: float, y2: float, width: float, grey: float) -> None:
        ends = [round(v, 3) for v in (x1, y1, x2, y2)]
        self.rules.append(Rule(self.page, ends[0], ends[1], ends[2], ends[3], width, grey))

    def writing_line(self, x1: float, x2: float, y: float) -> None:
        self.rule(x1, y, x2, y, 0.6, FRAME)


@dataclass(frozen=True)
class _Spot:
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
class _Piece:
    """A field's label, the least width and height of the rest, and how that is drawn.

    folds    on how many lines its options stand
    stretch  whether it takes up spare width
    shares   its claim to spare height
    beside   what the label stands beside: the first line of options, the last one, or ruled lines
    """

    label: _Label
    width: float
    height: float
    draw: Callable[[_Ink, _Spot], None]
    folds: int = 1
    stretch: bool = False
    shares: float = 1.0
    beside: Callable[[_Spot], float] = field(default=lambda at: at.first)

    @property
    def label_width(self) -> float:
        return _label_width(self.label) + LABEL_GAP if self.label else 0.0


@dataclass(frozen=True)
class _Line:
    """Pieces side by side. What the first asks begins at `column`, its label `indent` from the left;
    a `number` stands in front of it. The rule below leaves out its first `unruled` mm."""

    pieces: tuple[_Piece, ...]
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

    def draw(self, ink: _Ink, x0: float, x1: float, top: float, bottom: float) -> None:
        folds = max(piece.folds for piece in self.pieces)
        middle, half = (top + bottom) / 2, OPTION_PITCH * (folds - 1) / 2
        first, last = middle - half, middle + half
        if self.number:
            ink.text(x0, first, self.number, HEADING_PT, font="hei", grey=DARK)
        if self.unruled is not None:
            ink.rule(x0 + self.unruled, bottom, x1, bottom, 0.4, HAIRLINE)
        for piece, label_x, x, width in self._arranged(x0, x1):
            at = _Spot(x, width, top, bottom, first, last)
            _draw_label(ink, piece.label, label_x, piece.beside(at), folds)
            piece.draw(ink, at)

    def _arranged(self, x0: float, x1: float) -> Iterator[tuple[_Piece, float, float, float]]:
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


@dataclass(frozen=True)
class _Block:
    lines: tuple[_Line, ...]

    @property
    def height(self) -> float:
        return sum(line.height for line in self.lines)


def place(form: Form, frame: PageFrame | None = None) -> Layout:
    """Raises PlacementError when a field is wider than the paper or a page needs more sides."""
    frame = frame or (PageFrame(297.0, 210.0) if form.landscape else PageFrame())
    ink = _Ink(page=0)
    anonymous: list[int] = []
    sealed: list[int] = []
    for page in form.pages:
        first = ink.page + 1
        _place_page(form, page, frame, ink)
        sides = range(first, ink.page + 1)
        anonymous += sides if page.anonymous else ()
        sealed += sides if page.sealed else ()
    return Layout(
        form=form,
        frame=frame,
        pages=ink.page,
        boxes=tuple(ink.boxes),
        texts=tuple(ink.texts),
        rules=tuple(ink.rules),
        anonymous_pages=tuple(anonymous),
        sealed_pages=tuple(sealed),
    )


# --- page ----------------------------------------------------------------------------------------


def _place_page(form: Form, page: Page, frame: PageFrame, ink: _Ink) -> None:
    x0, top, x1, bottom = frame.content
    column = _label_column(page)
    blocks = [block for section in page.sections for block in _blocks(section, x1 - x0, column)]
    for side in _sides(blocks, bottom - top, page, form):
        ink.page += 1
        _draw_head(form, page, frame, ink)
        lines = [line for block in side for line in block.lines]
        spare = bottom - top - sum(line.height for line in lines)
        air = min(spare / max(sum(line.shares for line in lines), 1.0), MOST_AIR)
        y = top
        for line in lines:
            height = line.height + air * line.shares
            line.draw(ink, x0, x1, y, y + height)
            y += height


def _label_column(page: Page) -> float:
    """Where, from the left, what is asked begins: behind the widest of the labels that begin a row."""
    return max(
        (
            (NUMBER_W if section.number else 0.0) + _label_width(_label_lines(f.label)) + COLUMN_GAP
            for section in page.sections
            for row in section.rows
            for f in (row.fields if row.matrix else row.fields[:1])
            if "：" not in f.label
        ),
        default=0.0,
    )


def _sides(blocks: Sequence[_Block], room: float, page: Page, form: Form) -> Iterator[list[_Block]]:
    sides: list[list[_Block]] = [[]]
    for block in blocks:
        if block.height > room:
            raise PlacementError(
                f"表单 {form.id}：有一组内容高 {block.height:.0f} 毫米，"
                f"一面只有 {room:.0f} 毫米，超出 {block.height - room:.0f} 毫米"
            )
        if sum(b.height for b in sides[-1]) + block.height > room:
            sides.append([])
        sides[-1].append(block)
    if len(sides) > page.sides:
        excess = sum(block.height for block in blocks) - room * page.sides
        raise PlacementError(
            f"表单 {form.id}：“{page.title or form.title}”应排在 {page.sides} 面内，"
            f"实际需要 {len(sides)} 面，约超出 {max(excess, 1):.0f} 毫米；请删减内容或把 sides 改大"
        )
    yield from sides


def _draw_head(form: Form, page: Page, frame: PageFrame, ink: _Ink) -> None:
    """Appendix, title and instruction, the latter two centred on the paper as GB/T 9704 has it."""
    centre = frame.width / 2
    room = 2 * (frame.qr[0] - 5.0 - centre)
    title = page.title or form.title
    size = min(TITLE_PT, TITLE_PT * room / width_mm(title, TITLE_PT))
    if size < LEAST_TITLE_PT:
        raise PlacementError(
            f"表单 {form.id}：标题“{title}”太长，最多 {room / LEAST_TITLE_PT / MM_PER_PT:.0f} 字"
        )
    ink.text(23.0, 15.0, form.appendix, 12, font="hei", grey=DARK)
    ink.text(centre, 22.5, title, round(size, 1), font="title", grey=0.0, align="centre")
    notes = _note_lines(page.note or form.instruction or INSTRUCTION, room)
    for n, line in enumerate(notes):
        middle = 31.5 + 4.0 * (n - (len(notes) - 1) / 2)
        ink.text(centre, middle, line, SMALL_PT, font="kai", align="centre")
    x, baseline = frame.serial_baseline
    for left, words, align in ((23.0, f"{form.id} 第{form.version}版", "left"), (x - 21.0, "编号", "right")):
        ink.texts.append(Text(ink.page, left, baseline, SMALL_PT, words, grey=INK, align=align))


def _note_lines(note: str, room: float) -> list[str]:
    """On one line, or broken in two behind the mark nearest to its middle, or as it comes."""
    if width_mm(note, SMALL_PT) <= room:
        return [note]
    halves = [(note[: n + 1], note[n + 1 :]) for n, mark in enumerate(note) if mark in "，；。：！"]
    longest, pair = min((max(width_mm(half, SMALL_PT) for half in pair), pair) for pair in halves)
    return list(pair) if longest <= room else wrap(note, SMALL_PT, room)


# --- sections and rows ---------------------------------------------------------------------------


def _blocks(section: Section, width: float, column: float) -> Iterator[_Block]:
    indent = NUMBER_W if section.number else 0.0
    lines = list(_section_lines(section, width, _Line((), column, indent, unruled=indent)))
    if section.number:
        lines[0] = replace(lines[0], number=section.number)
        lines[-1] = replace(lines[-1], unruled=0.0)
    heading = [_heading(section.title)] if section.title else []
    if section.together:
        yield _Block((*heading, *lines))
        return
    yield _Block((*heading, *lines[:1]))
    yield from (_Block((line,)) for line in lines[1:])


def _section_lines(section: Section, width: float, empty: _Line) -> Iterator[_Line]:
    """The lines of all rows. A lone field with the options of the matrix above it continues that."""
    matrix: _Matrix | None = None
    for row in section.rows:
        if row.matrix:
            matrix = _Matrix.of(row, width, empty.column)
            yield matrix.heading()
            yield from matrix.lines(row.fields)
        elif matrix and len(row.fields) == 1 and row.fields[0].options == matrix.options:
            yield from matrix.lines(row.fields)
        else:
            matrix = None
            yield from _lines(row, width, empty)


def _heading(title: str) -> _Line:
    def draw(ink: _Ink, at: _Spot) -> None:
        ink.text(at.x, at.bottom - 3.0, title, HEADING_PT, font="hei", grey=DARK)
        ink.rule(at.x, at.bottom, at.x + at.width, at.bottom, 0.9, 0.4)

    piece = _Piece((), width_mm(title, HEADING_PT), HEADING_ROW, draw, stretch=True, shares=1.5)
    return _Line((piece,), unruled=None)


def _lines(row: Row, width: float, empty: _Line) -> Iterator[_Line]:
    waiting = list(row.fields)
    while waiting:
        line = _longest_line(waiting, width, empty)
        yield line
        del waiting[: len(line.pieces)]


def _longest_line(fields: Sequence[Field], width: float, empty: _Line) -> _Line:
    """As many of the first fields as fit on one line, with their options folded as little as need be."""
    for count in range(len(fields), 0, -1):
        # A field shares its line with others only if it folds in two at most: deeper folds read badly.
        for folds in range(1, MOST_FOLDS + 1 if count == 1 else 3):
            for unit in (OPTION_UNIT, 0.0):
                line = replace(empty, pieces=_fold_widest(fields[:count], folds, unit))
                if line.least_width <= width:
                    return line
    raise PlacementError(f"字段“{fields[0].label}”（{fields[0].key}）比版心宽，请缩短选项或减少格数")


def _fold_widest(fields: Sequence[Field], folds: int, unit: float) -> tuple[_Piece, ...]:
    """The fields side by side, the one with the most options in `folds` lines and snapped to `unit`."""
    most = max(range(len(fields)), key=lambda n: len(fields[n].options))
    return tuple(
        _PIECES[f.kind](f, *((folds, unit) if n == most else (1, 0.0))) for n, f in enumerate(fields)
    )


@dataclass(frozen=True)
class _Matrix:
    """Lines of boxes below a heading of options. Labels `group：item` print the group once."""

    options: tuple[Option, ...]
    group: float  # width of the groups' column
    label: float  # width of groups and labels
    column: float  # width of an option's column
    width: float

    @staticmethod
    def of(row: Row, width: float, column: float) -> _Matrix:
        parts = [f.label.rpartition("：") for f in row.fields]
        group = max(width_mm(name, LABEL_PT) for name, _, _ in parts)
        group += LABEL_GAP + 2.0 if group else 0.0
        label = max(column, group + max(width_mm(item, LABEL_PT) for _, _, item in parts) + LABEL_GAP)
        options = row.fields[0].options
        return _Matrix(options, group, label, min((width - label) / len(options), MATRIX_COLUMN), width)

    def heading(self) -> _Line:
        def draw(ink: _Ink, at: _Spot) -> None:
            for n, option in enumerate(self.options):
                ink.text(at.x + self._centre(n), at.middle, option.label, align="centre")

        return _Line((_Piece((), self.width, ROW, draw),))

    def lines(self, fields: Sequence[Field]) -> Iterator[_Line]:
        groups = [f.label.rpartition("：")[0] for f in fields]
        for n, f in enumerate(fields):
            begins = n == 0 or groups[n] != groups[n - 1]
            ends = n + 1 == len(fields) or groups[n] != groups[n + 1]
            unruled = 0.0 if ends or not groups[n] else self.group
            yield _Line((self._piece(f, begins),), unruled=unruled)

    def _piece(self, f: Field, with_group: bool) -> _Piece:
        group, _, item = f.label.rpartition("：")

        def draw(ink: _Ink, at: _Spot) -> None:
            if group and with_group:
                ink.text(at.x, at.middle, group)
            ink.text(at.x + (self.group if group else 0.0), at.middle, item)
            for n, option in enumerate(self.options):
                left, top = at.x + self._centre(n) - BOX / 2, at.middle - BOX / 2
                ink.box(f.key, BoxKind.CHECKBOX, left, top, BOX, BOX, option=option.key)

        return _Piece((), self.width, ROW, draw)

    def _centre(self, n: int) -> float:
        return self.label + self.column * (n + 0.5)


# --- labels --------------------------------------------------------------------------------------


def _label_lines(label: str) -> _Label:
    """A long label on two lines: broken before its bracket, else in halves and small."""
    if width_mm(label, 1.0) <= LABEL_EMS * MM_PER_PT:
        return ((label, LABEL_PT),) if label else ()
    bracket = label.find("（")
    if bracket > 0:
        return (label[:bracket], LABEL_PT), (label[bracket:], SMALL_PT)
    middle = math.ceil(len(label) / 2)
    return (label[:middle], SMALL_PT), (label[middle:], SMALL_PT)


def _label_width(label: _Label) -> float:
    return max((width_mm(_hung(words), size) for words, size in label), default=0.0)


def _hung(words: str) -> str:
    """Without the brackets that hang out of a label's second line."""
    return words.strip("（）") if words.startswith("（") else words


def _draw_label(ink: _Ink, label: _Label, x: float, middle: float, folds: int) -> None:
    """Centred on the line of options, or begun beside the first of several."""
    first = middle - LABEL_PITCH * (len(label) - 1) / 2 if folds == 1 else middle
    for n, (words, size) in enumerate(label):
        # The blank half of a full-width bracket would look like an indent.
        left = x - (size * MM_PER_PT / 2 if words.startswith("（") else 0.0)
        ink.text(left, first + LABEL_PITCH * n, words, size)


# --- fields --------------------------------------------------------------------------------------


def _least_height(height: float, label: _Label) -> float:
    return max(height, LABEL_PITCH * len(label) + 0.4)


def _choice(f: Field, folds: int, unit: float) -> _Piece:
    label, n_columns = _label_lines(f.label), math.ceil(len(f.options) / folds)
    widths = [_snapped(BOX + WORD_GAP + width_mm(o.label, LABEL_PT) + OPTION_GAP, unit) for o in f.options]
    # The lines of a folded field are aligned: each column begins at the same place.
    columns = [max(widths[n::n_columns]) for n in range(n_columns)]
    lefts = [sum(columns[:n]) for n in range(n_columns)]

    def draw(ink: _Ink, at: _Spot) -> None:
        for n, option in enumerate(f.options):
            left, middle = at.x + lefts[n % n_columns], at.first + OPTION_PITCH * (n // n_columns)
            ink.box(f.key, BoxKind.CHECKBOX, left, middle - BOX / 2, BOX, BOX, option=option.key)
            ink.text(left + BOX + WORD_GAP, middle, option.label)

    height = _least_height(ROW + OPTION_PITCH * (folds - 1), label)
    return _Piece(label, sum(columns) - OPTION_GAP, height, draw, folds)


def _snapped(width: float, unit: float) -> float:
    return math.ceil(width / unit - 0.02) * unit if unit else width


def _comb(f: Field, folds: int, unit: float) -> _Piece:
    label, gaps = _label_lines(f.label), _comb_gaps(f)
    after = width_mm(f.unit, LABEL_PT) + WORD_GAP if f.unit else 0.0
    width = CELL_W * f.cells + sum(gap for _, gap in gaps.values()) + after

    def draw(ink: _Ink, at: _Spot) -> None:
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

    return _Piece(label, width, COMB_ROW, draw)


def _comb_gaps(f: Field) -> dict[int, tuple[str, float]]:
    """Cell → the word printed behind it and the room for it."""
    if f.kind is Kind.DATE:
        return {3: ("年", DATE_GAP), 5: ("月", DATE_GAP), 7: ("日", DATE_GAP)}
    if f.rule == "month_day":
        return {1: ("月", DATE_GAP), 3: ("日", DATE_GAP)}
    if f.rule in ("mobile", "phone"):
        return {2: ("", COMB_GROUP_GAP), 6: ("", COMB_GROUP_GAP)}
    return {}


def _fact(f: Field, folds: int, unit: float) -> _Piece:
    """Room for what is printed from the roster: no line, for nobody writes there."""
    label = _label_lines(f.label)

    def draw(ink: _Ink, at: _Spot) -> None:
        ink.box(f.key, BoxKind.PREFILL, at.x, at.top + 0.3, at.width, at.bottom - at.top - 0.6)

    return _Piece(label, f.width or 30.0, _least_height(FACT_ROW, label), draw, stretch=True)


def _written(f: Field, folds: int, unit: float) -> _Piece:
    """One line to write on."""
    label = _label_lines(f.label)

    def draw(ink: _Ink, at: _Spot) -> None:
        top = max(at.top + 0.3, at.bottom - LINE_PITCH - MOST_AIR)
        ink.box(f.key, BoxKind.TEXT, at.x, top, at.width, at.bottom - top)
        ink.writing_line(at.x, at.x + at.width, at.bottom)

    return _Piece(label, f.width or 30.0, LINE_PITCH + 0.3, draw, stretch=True, beside=lambda at: at.last)


def _ruled(f: Field, folds: int, unit: float) -> _Piece:
    """Several lines to write on, the last of which is the row's own rule."""

    def beside(at: _Spot) -> float:
        return at.top + (at.bottom - at.top) / f.lines / 2 + 0.5

    def draw(ink: _Ink, at: _Spot) -> None:
        pitch = (at.bottom - at.top) / f.lines
        ink.box(f.key, BoxKind.LINES, at.x, at.top, at.width, at.bottom - at.top, lines=f.lines)
        for n in range(1, f.lines + 1):
            ink.writing_line(at.x, at.x + at.width, at.top + pitch * n)

    height, shares = LINE_PITCH * f.lines, 1.2 * f.lines
    return _Piece(_label_lines(f.label), 60.0, height, draw, stretch=True, shares=shares, beside=beside)


def _signed(f: Field, folds: int, unit: float) -> _Piece:
    """A line to sign on, or, when a height is given, a place for a seal between four corners."""
    label, width = _label_lines(f.label), f.width or 45.0

    def draw_line(ink: _Ink, at: _Spot) -> None:
        ink.box(f.key, BoxKind.SIGNATURE, at.x, at.bottom - SIGNATURE_ROW + 0.6, width, SIGNATURE_ROW - 0.6)
        ink.writing_line(at.x, at.x + width, at.bottom)

    def draw_place(ink: _Ink, at: _Spot) -> None:
        top, bottom = at.middle - f.height / 2, at.middle + f.height / 2
        ink.box(f.key, BoxKind.SIGNATURE, at.x, top, width, f.height)
        for x, inwards in ((at.x, 4.0), (at.x + width, -4.0)):
            for y, down in ((top, 4.0), (bottom, -4.0)):
                ink.rule(x, y, x + inwards, y, 0.6, FRAME)
                ink.rule(x, y, x, y + down, 0.6, FRAME)

    if f.height:
        return _Piece(label, width, f.height + 5.0, draw_place, shares=0.5)
    return _Piece(label, width, SIGNATURE_ROW, draw_line)


_PIECES: dict[Kind, Callable[[Field, int, float], _Piece]] = {
    Kind.SINGLE: _choice,
    Kind.MULTIPLE: _choice,
    Kind.DIGITS: _comb,
    Kind.DATE: _comb,
    Kind.TEXT: _written,
    Kind.LINES: _ruled,
    Kind.SIGNATURE: _signed,
    Kind.PREFILL: _fact,
}
