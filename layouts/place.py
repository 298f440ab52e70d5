"""Places a form on paper: measures every field, packs fields into lines, lines into sides.

The steps, from the bottom up:

    field   → `Piece`  its label, its least size, and a function that draws it at a spot
    row     → `Line`s  pieces side by side; choice fields fold their options before a line breaks
    section → `_Block`s lines that no page break may part
    page    → sides     blocks from top to bottom; what room is left is spread between the lines

What makes a page calm: the labels that begin a line stand in one column, so that what is asked
begins at one place all down the page; the options of a field stand on a common pitch; everything on
a line is centred on one height; and the line on which one writes is the row's own lower rule.

Sizes follow paper practice (domain.md §2): boxes of 4 mm, comb cells of 6 × 8 mm, ruled lines 9 mm
apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from forms.model import Field, Form, Page, Row, Section
from layouts.grids import Matrix, Table, as_table
from layouts.model import Layout, PageFrame, Text
from layouts.pieces import PIECES, Ink, Line, Piece, PlacementError, Spot, label_lines, label_width_mm
from layouts.sizes import (
    COLUMN_GAP,
    DARK,
    HEADING_PT,
    HEADING_ROW,
    INK,
    INSTRUCTION,
    LEAST_TITLE_PT,
    MOST_AIR,
    MOST_FOLDS,
    NOTE_PITCH,
    NOTE_PT,
    NUMBER_W,
    OPTION_UNIT,
    SMALL_PT,
    TITLE_PT,
)
from layouts.typeset import MM_PER_PT, width_mm, wrap


@dataclass(frozen=True)
class _Block:
    """Lines that no page break may part. `heading` is that of a table: it stands above the block
    wherever the line before it belongs to something else."""

    lines: tuple[Line, ...]
    before: tuple[Line, ...] = ()
    heading: Line | None = None


def _flow(blocks: Sequence[_Block]) -> list[Line]:
    """The lines of one side, headings of tables included."""
    lines: list[Line] = []
    heading = None
    for block in blocks:
        lines += block.before
        if block.heading is not None and (block.heading is not heading or block.before):
            lines.append(block.heading)
        lines += block.lines
        heading = block.heading
    return lines


def _height(blocks: Sequence[_Block]) -> float:
    return sum(line.height for line in _flow(blocks))


def place(form: Form, frame: PageFrame | None = None) -> Layout:
    """Raises PlacementError when a field is wider than the paper or a page needs more sides."""
    frame = frame or (PageFrame(297.0, 210.0) if form.landscape else PageFrame())
    ink = Ink(page=0)
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


def _place_page(form: Form, page: Page, frame: PageFrame, ink: Ink) -> None:
    x0, top, x1, bottom = frame.content
    column = _label_column(page)
    running = [b for s in page.sections if s.running for b in _blocks(s, x1 - x0, column)]
    blocks = [b for s in page.sections if not s.running for b in _blocks(s, x1 - x0, column)]
    for side in _sides(blocks, bottom - top - _height(running), page, form):
        ink.page += 1
        _draw_head(form, page, frame, ink)
        lines = _flow([*running, *side])
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
            (NUMBER_W if section.number else 0.0) + label_width_mm(label_lines(f.label)) + COLUMN_GAP
            for section in page.sections
            for row in section.rows
            for f in (row.fields if row.matrix else row.fields[:1])
            if not row.table and "：" not in f.label
        ),
        default=0.0,
    )


def _sides(blocks: Sequence[_Block], room: float, page: Page, form: Form) -> Iterator[list[_Block]]:
    sides: list[list[_Block]] = [[]]
    for block in blocks:
        excess = _height([block]) - room
        if excess > 0:
            raise PlacementError(
                f"表单 {form.id}：有一组不能分页的内容高 {_height([block]):.0f} 毫米，"
                f"一面只有 {room:.0f} 毫米，超出 {excess:.0f} 毫米；请拆成几节，或去掉 together"
            )
        if _height([*sides[-1], block]) > room:
            sides.append([])
        sides[-1].append(block)
    if len(sides) > page.sides:
        excess = _height([block for side in sides[page.sides - 1 :] for block in side]) - room
        raise PlacementError(
            f"表单 {form.id}：“{page.title or form.title}”应排在 {page.sides} 面内，"
            f"实际需要 {len(sides)} 面，约超出 {max(excess, 1):.0f} 毫米；请删减内容或把 sides 改大"
        )
    yield from sides


def _draw_head(form: Form, page: Page, frame: PageFrame, ink: Ink) -> None:
    """Appendix, title and instruction, the latter two centred on the paper as GB/T 9704 has it."""
    centre = frame.width / 2
    room = 2 * (frame.qr[0] - 5.0 - centre)
    title = page.title or form.title
    size = min(TITLE_PT, TITLE_PT * room / width_mm(title, TITLE_PT))
    if size < LEAST_TITLE_PT:
        raise PlacementError(
            f"表单 {form.id}：标题“{title}”太长，最多 {room / LEAST_TITLE_PT / MM_PER_PT:.0f} 字"
        )
    if form.appendix:
        ink.text(23.0, 15.0, form.appendix, 12, font="hei", grey=DARK)
    ink.text(centre, 22.5, title, round(size, 1), font="title", grey=0.0, align="centre")
    notes = _note_lines(page.note or form.instruction or INSTRUCTION, room)
    for n, line in enumerate(notes):
        middle = 31.5 + 4.0 * (n - (len(notes) - 1) / 2)
        ink.text(centre, middle, line, SMALL_PT, font="kai", align="centre")
    x, baseline = frame.serial_baseline
    edition = f"{form.id if form.appendix else form.title} 第{form.version}版"
    for left, words, align in ((23.0, edition, "left"), (x - 21.0, "编号", "right")):
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
    blocks = list(_section_blocks(section, width, Line((), column, indent, unruled=indent)))
    if section.number:
        blocks = _numbered(blocks, section.number)
    if section.title:
        blocks[0] = replace(blocks[0], before=(_heading(section.title),))
    if section.together:
        yield _Block(tuple(_flow(blocks)))
        return
    yield from blocks


def _numbered(blocks: Sequence[_Block], number: str) -> list[_Block]:
    """The number in front of the first line, and a whole rule below the last one."""
    lines = [line for block in blocks for line in block.lines]
    lines[0] = replace(lines[0], number=number)
    lines[-1] = replace(lines[-1], unruled=0.0)
    return [_Block((line,)) for line in lines]


def _section_blocks(section: Section, width: float, empty: Line) -> Iterator[_Block]:
    """The lines of all rows. A lone field with the options of the matrix above it continues that."""
    matrix: Matrix | None = None
    for is_table, group in groupby(section.rows, key=lambda row: row.table or _in_columns(row, section)):
        rows = list(group)
        if is_table:
            rows = [one for row in rows for one in (as_table(row) if row.matrix else [row])]
            table = Table.of(rows, width, section.columns)
            heading = table.heading()
            yield from (_Block((line,), heading=heading) for line in table.lines(rows))
            continue
        for row in rows:
            if row.matrix:
                matrix = Matrix.of(row, width, empty.column)
                first, *others = matrix.lines(row.fields)
                yield _Block((matrix.heading(), first))
                yield from (_Block((line,)) for line in others)
            elif matrix and len(row.fields) == 1 and row.fields[0].options == matrix.options:
                yield from (_Block((line,)) for line in matrix.lines(row.fields))
            elif not row.fields:
                yield _Block((_note(row.words, width),))
            else:
                matrix = None
                yield from (_Block((line,)) for line in _lines(row, width, empty))


def _in_columns(row: Row, section: Section) -> bool:
    return row.matrix and section.columns > 1


def _note(words: str, width: float) -> Line:
    """A paragraph; the lines of a numbered one hang behind its number."""
    number = _NUMBERING.match(words)
    hang = width_mm(number[0], NOTE_PT) if number else 0.0
    lines = wrap(words[number.end() :] if number else words, NOTE_PT, width - hang)

    def draw(ink: Ink, at: Spot) -> None:
        top = at.middle - NOTE_PITCH * (len(lines) - 1) / 2
        if number:
            ink.text(at.x, top, number[0], NOTE_PT, grey=DARK)
        for n, line in enumerate(lines):
            ink.text(at.x + hang, top + NOTE_PITCH * n, line, NOTE_PT, grey=DARK)

    return Line((Piece((), 0.0, NOTE_PITCH * len(lines) + 1.6, draw, stretch=True),), unruled=None)


_NUMBERING = re.compile(r"\d+．|（[一二三四五六七八九十]+）")


def _heading(title: str) -> Line:
    def draw(ink: Ink, at: Spot) -> None:
        ink.text(at.x, at.bottom - 3.0, title, HEADING_PT, font="hei", grey=DARK)
        ink.rule(at.x, at.bottom, at.x + at.width, at.bottom, 0.9, 0.4)

    piece = Piece((), width_mm(title, HEADING_PT), HEADING_ROW, draw, stretch=True, shares=1.5)
    return Line((piece,), unruled=None)


def _lines(row: Row, width: float, empty: Line) -> Iterator[Line]:
    waiting = list(row.fields)
    while waiting:
        line = _longest_line(waiting, width, empty)
        yield line
        del waiting[: len(line.pieces)]


def _longest_line(fields: Sequence[Field], width: float, empty: Line) -> Line:
    """As many of the first fields as fit on one line, with their options folded as little as need be."""
    for count in range(len(fields), 0, -1):
        # A field shares its line with others only if it folds in two at most: deeper folds read badly.
        for folds in range(1, MOST_FOLDS + 1 if count == 1 else 3):
            for unit in (OPTION_UNIT, 0.0):
                line = replace(empty, pieces=_fold_widest(fields[:count], folds, unit))
                if line.least_width <= width:
                    return line
    least = min(
        replace(empty, pieces=_fold_widest(fields[:1], folds, 0.0)).least_width
        for folds in range(1, MOST_FOLDS + 1)
    )
    raise PlacementError(
        f"字段“{fields[0].label}”（{fields[0].key}）比版心宽 {least - width:.0f} 毫米，请缩短选项或减少格数",
        fields[0].key,
    )


def _fold_widest(fields: Sequence[Field], folds: int, unit: float) -> tuple[Piece, ...]:
    """The fields side by side, the one with the most options in `folds` lines and snapped to `unit`."""
    most = max(range(len(fields)), key=lambda n: len(fields[n].options))
    return tuple(PIECES[f.kind](f, *((folds, unit) if n == most else (1, 0.0))) for n, f in enumerate(fields))
