"""Places a form on paper: measures every field, packs fields into lines, lines into sides.

The steps, from the bottom up:

    field   → `_Piece`  its least size, and a function that draws it at a place
    row     → `_Line`s  pieces side by side; choice fields fold their options before a line breaks
    section → `_Block`s lines that no page break may part
    page    → sides     blocks from top to bottom; what room is left is spread between the lines

Sizes follow paper practice (domain.md §2): boxes of 4 mm, comb cells of 6 × 8 mm, ruled lines 9 mm
apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from forms.model import Field, Form, Kind, Page, Row, Section
from layouts.model import Box, BoxKind, Layout, PageFrame, Rule, Text
from layouts.typeset import MM_PER_PT, width_mm, wrap

BOX = 4.0
CELL_W, CELL_H = 6.0, 8.0
LINE_PITCH = 9.0
LABEL_PT = 10.0
HEADING_PT = 10.5
SMALL_PT = 8.5
GAP = 4.0  # between fields on a line
OPTION_GAP = 2.6  # between an option's words and the next box
OPTION_PITCH = 5.8  # between folded lines of options
COMB_GROUP_GAP = 1.6  # between the groups of a telephone number
DATE_GAP = 4.4  # for 年 月 日 behind their cells
MOST_FOLDS = 4
MOST_AIR = 3.0  # mm that a line may be given beyond its need
HEADING_H = 5.8
NUMBER_W = 6.5  # margin for the number of a repeated section
INSTRUCTION = "请用黑色签字笔在□内打√；填错请涂黑该框后重选；请勿折叠"


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
        self.texts.append(
            replace(Text(self.page, round(x, 3), round(baseline, 3), size, text), **more)  # type: ignore[arg-type]
        )

    def rule(self, x1: float, y1: float, x2: float, y2: float, width: float = 0.5, grey: float = 0.6) -> None:
        ends = [round(v, 3) for v in (x1, y1, x2, y2)]
        self.rules.append(Rule(self.page, ends[0], ends[1], ends[2], ends[3], width, grey))


Draw = Callable[[_Ink, float, float, float, float], None]
"""(ink, x, y, width, height): draw the piece in that rectangle."""


@dataclass(frozen=True)
class _Piece:
    """A field's least width and height, and how it is drawn; `stretch` takes up spare width."""

    width: float
    height: float
    draw: Draw
    stretch: bool = False


@dataclass(frozen=True)
class _Line:
    """Pieces side by side; a `number` stands in the margin that `indent` leaves."""

    pieces: tuple[_Piece, ...]
    ruled: bool = True
    indent: float = 0.0
    number: str = ""

    @property
    def height(self) -> float:
        return max(piece.height for piece in self.pieces)

    def draw(self, ink: _Ink, x0: float, x1: float, y: float, height: float) -> None:
        if self.number:
            ink.text(x0, y + height / 2, self.number, HEADING_PT, font="hei", grey=0.25)
        x0 += self.indent
        spare = (x1 - x0) - sum(piece.width for piece in self.pieces) - GAP * (len(self.pieces) - 1)
        stretched = sum(piece.stretch for piece in self.pieces)
        x = x0
        for piece in self.pieces:
            width = piece.width + (spare / stretched if piece.stretch else 0.0)
            piece.draw(ink, x, y, width, height)
            x += width + GAP


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
    for page in form.pages:
        first = ink.page + 1
        _place_page(form, page, frame, ink)
        if page.anonymous:
            anonymous += range(first, ink.page + 1)
    return Layout(
        form=form,
        frame=frame,
        pages=ink.page,
        boxes=tuple(ink.boxes),
        texts=tuple(ink.texts),
        rules=tuple(ink.rules),
        anonymous_pages=tuple(anonymous),
    )


# --- page ----------------------------------------------------------------------------------------


def _place_page(form: Form, page: Page, frame: PageFrame, ink: _Ink) -> None:
    x0, top, x1, bottom = frame.content
    room = bottom - top
    blocks = [block for section in page.sections for block in _blocks(section, x1 - x0)]
    for side in _sides(blocks, room, page, form):
        ink.page += 1
        _draw_head(form, page, frame, ink)
        lines = [line for block in side for line in block.lines]
        spare = room - sum(line.height for line in lines)
        air = min(spare / max(len(lines), 1), MOST_AIR)
        y = top
        for line in lines:
            height = line.height + air
            line.draw(ink, x0, x1, y, height)
            y += height
            if line.ruled:
                ink.rule(x0 + line.indent, y, x1, y, grey=0.75)


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
    left, right = 23.0, frame.qr[0] - 5.0
    centre = (left + right) / 2
    ink.text(left, 14.0, form.appendix, 12, font="hei", grey=0.2)
    ink.text(centre, 21.5, page.title or form.title, 18, font="title", grey=0.0, align="centre")
    note = page.note or form.instruction or INSTRUCTION
    for n, line in enumerate(wrap(note, SMALL_PT, right - 14.0)):
        ink.text(14.0, 29.5 + 4.0 * n, line, SMALL_PT, font="kai")
    foot = frame.serial_baseline[1] - 1.0
    ink.text(23.0, foot, f"{form.id} 第{form.version}版", SMALL_PT)


# --- sections and rows ---------------------------------------------------------------------------


def _blocks(section: Section, width: float) -> Iterator[_Block]:
    indent = NUMBER_W if section.number else 0.0
    lines = [line for row in section.rows for line in _lines(row, width - indent)]
    if section.number:
        lines = [replace(line, indent=indent) for line in lines]
        lines[0] = replace(lines[0], number=section.number)
    heading = [_Line((_heading(section.title),), ruled=False)] if section.title else []
    if section.together:
        yield _Block((*heading, *lines))
        return
    yield _Block((*heading, *lines[:1]))
    yield from (_Block((line,)) for line in lines[1:])


def _heading(title: str) -> _Piece:
    def draw(ink: _Ink, x: float, y: float, width: float, height: float) -> None:
        ink.text(x, y + height - HEADING_H / 2 + 0.5, title, HEADING_PT, font="hei", grey=0.25)
        ink.rule(x, y + height, x + width, y + height, 0.8, 0.5)

    return _Piece(width_mm(title, HEADING_PT), HEADING_H, draw, stretch=True)


def _lines(row: Row, width: float) -> Iterator[_Line]:
    if row.matrix:
        yield from _matrix(row, width)
        return
    waiting = list(row.fields)
    while waiting:
        count, pieces = _longest_line(waiting, width)
        yield _Line(tuple(pieces))
        del waiting[:count]


def _longest_line(fields: Sequence[Field], width: float) -> tuple[int, list[_Piece]]:
    """As many of the first fields as fit on one line, with their options folded as little as need be."""
    for count in range(len(fields), 0, -1):
        for folds in range(1, MOST_FOLDS + 1):
            pieces = _fold_widest(fields[:count], width, folds)
            if pieces:
                return count, pieces
    raise PlacementError(f"字段“{fields[0].label}”（{fields[0].key}）比版心宽，请缩短选项或减少格数")


def _fold_widest(fields: Sequence[Field], width: float, folds: int) -> list[_Piece] | None:
    """The fields side by side, the one with the most options in `folds` lines; None when too wide.

    A field shares its line with others only if it folds in two at most: deeper folds read badly.
    """
    if folds > 2 and len(fields) > 1:
        return None
    most = max(range(len(fields)), key=lambda n: len(fields[n].options))
    pieces = [_piece(f, folds if n == most else 1) for n, f in enumerate(fields)]
    needed = sum(piece.width for piece in pieces) + GAP * (len(pieces) - 1)
    return pieces if needed <= width else None


def _matrix(row: Row, width: float) -> Iterator[_Line]:
    """A heading line of option words, then one line of boxes per field."""
    options = row.fields[0].options
    label_w = max(width_mm(f.label, LABEL_PT) for f in row.fields) + 6.0
    column = min((width - label_w) / len(options), 30.0)

    def centre(n: int) -> float:
        return label_w + column * (n + 0.5)

    def draw_heading(ink: _Ink, x: float, y: float, width: float, height: float) -> None:
        for n, option in enumerate(options):
            ink.text(x + centre(n), y + height / 2, option.label, align="centre")

    yield _Line((_Piece(width, 6.0, draw_heading),))
    for f in row.fields:

        def draw(ink: _Ink, x: float, y: float, width: float, height: float, f: Field = f) -> None:
            middle = y + height / 2
            ink.text(x, middle, f.label)
            for n, option in enumerate(options):
                left = x + centre(n) - BOX / 2
                ink.box(f.key, BoxKind.CHECKBOX, left, middle - BOX / 2, BOX, BOX, option=option.key)

        yield _Line((_Piece(width, 6.2, draw),))


# --- fields --------------------------------------------------------------------------------------


def _piece(f: Field, folds: int) -> _Piece:
    return _PIECES[f.kind](f, folds)


def _label(f: Field) -> float:
    """Width of the field's label and the white behind it."""
    return width_mm(f.label, LABEL_PT) + 1.8 if f.label else 0.0


def _choice(f: Field, folds: int) -> _Piece:
    label, n_columns = _label(f), math.ceil(len(f.options) / folds)
    widths = [BOX + 1.0 + width_mm(option.label, LABEL_PT) + OPTION_GAP for option in f.options]
    # The lines of a folded field are aligned: each column begins at the same place.
    columns = [max(widths[n::n_columns]) for n in range(n_columns)]
    lefts = [label + sum(columns[:n]) for n in range(n_columns)]

    def draw(ink: _Ink, x: float, y: float, width: float, height: float) -> None:
        first = y + (height - OPTION_PITCH * (folds - 1)) / 2
        ink.text(x, first, f.label)
        for n, option in enumerate(f.options):
            left, middle = x + lefts[n % n_columns], first + OPTION_PITCH * (n // n_columns)
            ink.box(f.key, BoxKind.CHECKBOX, left, middle - BOX / 2, BOX, BOX, option=option.key)
            ink.text(left + BOX + 1.0, middle, option.label)

    return _Piece(label + sum(columns) - OPTION_GAP, OPTION_PITCH * folds + 0.6, draw)


def _comb(f: Field, folds: int) -> _Piece:
    label = _label(f)
    unit = width_mm(f.unit, LABEL_PT) + 1.0 if f.unit else 0.0
    after = _comb_gaps(f)
    width = label + CELL_W * f.cells + sum(gap for _, gap in after.values()) + unit

    def draw(ink: _Ink, x: float, y: float, _width: float, height: float) -> None:
        middle = y + height / 2
        ink.text(x, middle, f.label)
        left = x + label
        for cell in range(f.cells):
            ink.box(f.key, BoxKind.COMB, left, middle - CELL_H / 2, CELL_W, CELL_H, cell=cell)
            left += CELL_W
            word, gap = after.get(cell, ("", 0.0))
            if word:
                ink.text(left + 0.5, middle, word, LABEL_PT - 1)
            left += gap
        if f.unit:
            ink.text(left + 1.0, middle, f.unit)

    return _Piece(width, CELL_H + 1.2, draw)


def _comb_gaps(f: Field) -> dict[int, tuple[str, float]]:
    """Cell → the word printed behind it and the room for it."""
    if f.kind is Kind.DATE:
        return {3: ("年", DATE_GAP), 5: ("月", DATE_GAP), 7: ("日", DATE_GAP)}
    if f.rule == "month_day":
        return {1: ("月", DATE_GAP), 3: ("日", DATE_GAP)}
    if f.rule in ("mobile", "phone"):
        return {2: ("", COMB_GROUP_GAP), 6: ("", COMB_GROUP_GAP)}
    return {}


def _written(f: Field, folds: int) -> _Piece:
    """A label and one line to write on; prefilled facts stand on the same kind of line."""
    label = _label(f)
    kind = BoxKind(f.kind.value)
    height = {Kind.SIGNATURE: 12.0, Kind.PREFILL: 6.8}.get(f.kind, LINE_PITCH)

    def draw(ink: _Ink, x: float, y: float, width: float, height: float) -> None:
        base = y + height - 1.2
        ink.text(x, base - 2.4, f.label)
        room = min(height - 2.0, 11.0)
        ink.box(f.key, kind, x + label, base - room, width - label, room)
        ink.rule(x + label, base, x + width, base)

    return _Piece(label + (f.width or 30.0), height, draw, stretch=f.kind is not Kind.SIGNATURE)


def _ruled(f: Field, folds: int) -> _Piece:
    long_label = width_mm(f.label, LABEL_PT) > 40.0  # then it gets a line of its own
    label, above = (0.0, 6.0) if long_label else (_label(f), 0.0)

    def draw(ink: _Ink, x: float, y: float, width: float, height: float) -> None:
        pitch = (height - above - 0.8) / f.lines
        ink.text(x, y + 3.4 if long_label else y + pitch - 2.4, f.label)
        top = y + above
        ink.box(f.key, BoxKind.LINES, x + label, top, width - label, pitch * f.lines, lines=f.lines)
        for n in range(1, f.lines + 1):
            ink.rule(x + label, top + pitch * n, x + width, top + pitch * n)

    return _Piece(max(label + 60.0, _label(f)), above + LINE_PITCH * f.lines + 0.8, draw, stretch=True)


_PIECES: dict[Kind, Callable[[Field, int], _Piece]] = {
    Kind.SINGLE: _choice,
    Kind.MULTIPLE: _choice,
    Kind.DIGITS: _comb,
    Kind.DATE: _comb,
    Kind.TEXT: _written,
    Kind.LINES: _ruled,
    Kind.SIGNATURE: _written,
    Kind.PREFILL: _written,
}
