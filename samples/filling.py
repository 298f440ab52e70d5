"""Fills in a printed page: what a person means, how their pen puts it, and what a reader must conclude.

Most fields are filled in as the form asks. Some are corrected as the form asks: the wrong box filled
black, the right one ticked. A few (`carelessness`) follow no instruction: words ringed instead of a
box, a digit written over another, a line of text out of its place. The truth says what a human reader
concludes from the paper; where that is more than one thing, the field is called ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

from forms.model import Field, Kind, Value
from layouts.model import Box, Layout
from samples.hands import Hand, Mark, RealDigits, Rect, Writer
from samples.pens import Paper
from samples.seals import stamp

Answers = Mapping[str, Value]

CORRECTED = 0.012
"""Share of choice and number fields in which a mistake is corrected as the instruction says."""
BLOCK_STRUCK, BLOCK_CANCELLED = 0.06, 0.003
"""Share of repeated blocks that are struck out with long lines: unused ones, and such as were filled in."""
PAGE_NOTES = 0.05
"""Share of pages with a note or a try of the pen where nothing is asked."""


@dataclass(frozen=True)
class Scribes:
    """Who holds the pen: `clerk` fills in the form, `subject` signs for themselves."""

    clerk: Hand
    subject: Hand
    clerk_name: str = "王建国"
    subject_name: str = "李桂英"
    seal_name: str = "槐川精密机械有限公司"


@dataclass(frozen=True)
class PageTruth:
    """What a page says: `fields` has every asked field of the page.

    how        field → how it was written: a `Mark`, `corrected`, or the name of the carelessness
    ambiguous  fields of which people would conclude different things
    """

    fields: Mapping[str, Value]
    how: Mapping[str, str]
    ambiguous: tuple[str, ...]


@dataclass(frozen=True)
class _Outcome:
    value: Value
    how: str
    ambiguous: bool = False


@dataclass
class _Desk:
    """What is at hand while one page is filled in."""

    layout: Layout
    page: int
    paper: Paper
    clerk: Writer
    subject: Writer
    scribes: Scribes
    rng: Generator
    carelessness: float
    struck: list[Rect] = field(default_factory=list)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def boxes(self, key: str) -> list[Box]:
        return [box for box in self.layout.on_page(self.page) if box.field == key]


Boxes = Sequence[Box]
Slip = Callable[[_Desk, Field, Boxes, Value], _Outcome | None]
"""A careless way to write a field; None when this field does not allow it."""


def fill(
    paper: Paper,
    layout: Layout,
    page: int,
    answers: Answers,
    scribes: Scribes,
    rng: Generator,
    carelessness: float = 0.02,
    real_digits: RealDigits | None = None,
) -> PageTruth:
    """Writes `answers` on the picture of a printed page. Fields without an answer stay blank.

    `rng` decides everything that chance decides; the same page at another resolution gets the same ink
    and the same truth. Raises NoGlyphError.
    """
    ink = np.random.default_rng(int(rng.integers(2**62)))  # what is decided must not depend on the dpi
    clerk = Writer(scribes.clerk, paper, ink, real_digits)
    subject = Writer(scribes.subject, paper, ink, real_digits)
    desk = _Desk(layout, page, paper, clerk, subject, scribes, rng, carelessness)
    asked = [f for f in layout.fields_on_page(page) if f.kind is not Kind.PREFILL]
    outcomes = {f.key: _write(desk, f, answers.get(f.key)) for f in asked}
    outcomes |= _strike_blocks(desk, asked, outcomes)
    _scatter(desk)
    return PageTruth(
        {key: outcome.value for key, outcome in outcomes.items()},
        {key: outcome.how for key, outcome in outcomes.items()},
        tuple(key for key, outcome in outcomes.items() if outcome.ambiguous),
    )


def _write(desk: _Desk, f: Field, value: Value) -> _Outcome:
    boxes = desk.boxes(f.key)
    if desk.chance(desk.carelessness):
        slips = _SLIPS[f.kind]
        for n in desk.rng.permutation(len(slips)):
            outcome = slips[int(n)](desk, f, boxes, value)
            if outcome is not None:
                return outcome
    return _WAYS[f.kind](desk, f, boxes, value)


# --- choices -------------------------------------------------------------------------------------


def _choose(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome:
    chosen = _chosen(value)
    corrected = _corrected(desk, f, boxes, value)
    if corrected is not None:
        return corrected
    made = [desk.clerk.mark(_rect(box)) for box in boxes if box.option in chosen]
    return _Outcome(value, made[0].value if made else "blank")


def _corrected(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """The instruction's way: the wrong box is filled black, then the right one is marked.

    Who marks by filling cannot correct like this, and a lone black box would count as marked.
    """
    wrong = _another(desk, boxes, value)
    if wrong is None or desk.clerk.hand.style is Mark.FILL or not desk.chance(CORRECTED):
        return None
    desk.clerk.mark(_rect(wrong), desk.clerk.hand.style)
    desk.clerk.cancel(_rect(wrong))
    _mark_all(desk, boxes, value)
    return _Outcome(value, "corrected")


def _scribbled(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    wrong = _another(desk, boxes, value)
    if wrong is None or desk.clerk.hand.style is Mark.FILL:
        return None
    desk.clerk.mark(_rect(wrong), desk.clerk.hand.style)
    desk.clerk.scribble_out(_rect(wrong))
    _mark_all(desk, boxes, value)
    return _Outcome(value, "scribbled out")


def _whited(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    wrong = _another(desk, boxes, value)
    if wrong is None:
        return None
    x, y, w, h = _rect(wrong)
    desk.clerk.mark((x, y, w, h))
    desk.paper.white_out(x - 0.8, y - 0.8, w + 1.6, h + 1.6, desk.rng)
    _mark_all(desk, boxes, value)
    return _Outcome(value, "correction fluid")


def _ringed(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """The option's words ringed or underlined instead of the box."""
    right = _first(boxes, value)
    words = desk.layout.words_of(right) if right else None
    if right is None or words is None:
        return None
    _mark_all(desk, [box for box in boxes if box is not right], value)
    if desk.chance(0.7):
        desk.clerk.ring(words)
        return _Outcome(value, "words ringed")
    desk.clerk.underline((words[0], words[1], words[2], words[3] + 0.5))
    return _Outcome(value, "words underlined")


def _beside(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """The mark on the option's words, clear of every box."""
    right = _first(boxes, value)
    words = desk.layout.words_of(right) if right else None
    if right is None or words is None or desk.clerk.hand.style is Mark.CIRCLE:
        return None
    _mark_all(desk, [box for box in boxes if box is not right], value)
    desk.clerk.mark((words[0] + min(words[2], 4.0) / 2 - 2.0 + 0.8, right.y, 4.0, 4.0), desk.clerk.hand.style)
    return _Outcome(value, "on the words")


def _missed(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Marks that hardly touch their box: to the left of it, or above it."""
    if not _chosen(value) or desk.clerk.hand.style not in (Mark.TICK, Mark.STROKE):
        return None
    ways = ((-0.8, 0.1), (0.0, -0.6), (0.5, -0.6))
    for box in _marked(boxes, value):
        dx, dy = np.array(ways[int(desk.rng.integers(len(ways)))]) * float(desk.rng.uniform(0.7, 1.1))
        desk.clerk.mark((box.x + dx * box.w, box.y + dy * box.h, box.w, box.h), desk.clerk.hand.style)
    return _Outcome(value, "missed")


def _also_on_words(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """One option marked, and the words of another ringed."""
    wrong = _another(desk, boxes, value)
    words = desk.layout.words_of(wrong) if wrong else None
    if words is None:
        return None
    desk.clerk.ring(words)
    _mark_all(desk, boxes, value)
    return _Outcome(value, "other words ringed", ambiguous=True)


def _faint(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """The pen hardly touched the paper."""
    if not _chosen(value):
        return None
    strength = float(desk.rng.uniform(0.3, 0.5))
    for box in _marked(boxes, value):
        desk.clerk.mark(_rect(box), desk.clerk.hand.style, strength)
    return _Outcome(value, "faint")


def _tiny(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """A mark half the usual size in a corner of the box."""
    if not _chosen(value) or desk.clerk.hand.style in (Mark.FILL, Mark.DOT):
        return None
    for box in _marked(boxes, value):
        dx, dy = desk.rng.uniform(0, 0.45, 2)
        desk.clerk.mark((box.x + dx * box.w, box.y + dy * box.h, box.w * 0.55, box.h * 0.55))
    return _Outcome(value, "tiny")


def _wild(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Marks so long that they run through neighbouring boxes; they start in their own."""
    if not _chosen(value) or desk.clerk.hand.style not in (Mark.TICK, Mark.STROKE):
        return None
    hand = replace(desk.clerk.hand, reach=float(desk.rng.uniform(2.2, 3.2)))
    writer = Writer(hand, desk.paper, desk.clerk.rng)
    for box in _marked(boxes, value):
        writer.mark(_rect(box), Mark.TICK)
    return _Outcome(value, "running out")


def _twice(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Two options of a single choice marked, neither withdrawn."""
    wrong = _another(desk, boxes, value)
    if wrong is None:
        return None
    desk.clerk.mark(_rect(wrong))
    _mark_all(desk, boxes, value)
    return _Outcome(value, "two marks", ambiguous=True)


def _between(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """One mark half-way between two boxes."""
    right = _first(boxes, value)
    beside = [b for b in boxes if right and b is not right and abs(b.y - right.y) < 1 and b.x > right.x]
    if right is None or not beside:
        return None
    other = min(beside, key=lambda b: b.x)
    desk.clerk.mark(((right.x + other.x) / 2, right.y, right.w, right.h))
    return _Outcome(value, "between", ambiguous=True)


def _too_many(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """More boxes than are allowed; the paper says plainly which."""
    chosen = _chosen(value)
    free = [box for box in boxes if box.option not in chosen]
    if not f.max_choices or len(chosen) < f.max_choices or not free:
        return None
    extra = free[int(desk.rng.integers(len(free)))]
    everything = sorted([*chosen, str(extra.option)])
    _mark_all(desk, boxes, everything)
    return _Outcome(everything, "too many")


def _contradiction(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """无 marked together with others."""
    exclusive = [option.key for option in f.options if option.exclusive]
    chosen = _chosen(value)
    if not exclusive or not chosen or chosen & set(exclusive):
        return None
    everything = sorted([*chosen, exclusive[0]])
    _mark_all(desk, boxes, everything)
    return _Outcome(everything, "contradiction", ambiguous=True)


# --- combs ---------------------------------------------------------------------------------------


def _number(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome:
    digits = _digits(f, value)
    if not digits:
        return _Outcome(None, "blank")
    places = _places(desk, digits, len(boxes))
    if desk.chance(CORRECTED):
        return _digit_replaced(desk, boxes, places, value)
    for cell, digit in places.items():
        desk.clerk.digit(digit, _rect(boxes[cell]))
    return _Outcome(value, "cells")


def _digit_replaced(desk: _Desk, boxes: Boxes, places: Mapping[int, str], value: Value) -> _Outcome:
    """One digit struck out and the right one written small above it."""
    wrong_at = list(places)[int(desk.rng.integers(len(places)))]
    for cell, digit in places.items():
        x, y, w, h = _rect(boxes[cell])
        if cell != wrong_at:
            desk.clerk.digit(digit, (x, y, w, h))
            continue
        desk.clerk.digit(_other_digit(desk, digit), (x, y + 0.2 * h, w, 0.75 * h))
        desk.clerk.line([(x + 0.6, y + h - 0.8), (x + w - 0.6, y + 0.3 * h)])
        desk.clerk.digit(digit, (x + 0.3, y - 0.52 * h, w, h * 0.62), 1.1)
    return _Outcome(value, "digit replaced")


def _rewritten(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """The whole number struck out and written again above or behind."""
    digits = _digits(f, value)
    if not 2 <= len(digits) <= 5:
        return None
    places = _places(desk, digits, len(boxes))
    for cell, digit in places.items():
        desk.clerk.digit(_other_digit(desk, digit), _rect(boxes[cell]))
    first, last = boxes[min(places)], boxes[max(places)]
    desk.clerk.strike((first.x, first.y, last.x + last.w - first.x, first.h))
    x, y = first.x, first.y - 0.55 * first.h
    for n, digit in enumerate(digits):
        desk.clerk.digit(digit, (x + 3.6 * n, y, 3.6, first.h * 0.62), 1.1)
    return _Outcome(value, "rewritten above")


def _overwritten(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """One digit written over another: nobody can be sure."""
    digits = _digits(f, value)
    if not digits:
        return None
    places = _places(desk, digits, len(boxes))
    wrong_at = list(places)[int(desk.rng.integers(len(places)))]
    desk.clerk.digit(_other_digit(desk, places[wrong_at]), _rect(boxes[wrong_at]))
    for cell, digit in places.items():
        desk.clerk.digit(digit, _rect(boxes[cell]))
    return _Outcome(value, "overwritten", ambiguous=True)


def _digit_whited(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    digits = _digits(f, value)
    if not digits:
        return None
    places = _places(desk, digits, len(boxes))
    cell = boxes[list(places)[int(desk.rng.integers(len(places)))]]
    desk.clerk.digit("8", _rect(cell))
    desk.paper.white_out(cell.x - 0.3, cell.y - 0.3, cell.w + 0.6, cell.h + 0.6, desk.rng)
    for place, digit in places.items():
        desk.clerk.digit(digit, _rect(boxes[place]))
    return _Outcome(value, "correction fluid")


def _regardless(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """The number written as if there were no cells."""
    digits = _digits(f, value)
    if len(digits) < 3:
        return None
    pitch = boxes[0].w * float(desk.rng.uniform(0.72, 0.95))
    x = boxes[0].x + float(desk.rng.uniform(0, 2))
    for n, digit in enumerate(digits):
        desk.clerk.digit(digit, (x + n * pitch, boxes[0].y, pitch, boxes[0].h), 1.05)
    return _Outcome(value, "regardless of cells")


def _sprawling(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Digits larger than their cells, over the lines."""
    digits = _digits(f, value)
    if not digits:
        return None
    for cell, digit in _places(desk, digits, len(boxes)).items():
        x, y, w, h = _rect(boxes[cell])
        shift = float(desk.rng.normal(0, 0.14)) * w
        desk.clerk.digit(digit, (x + shift, y - 0.1 * h, w * 1.1, h * 1.2), 1.1)
    return _Outcome(value, "sprawling")


def _dashed(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """A line through all cells: there is nothing to write here."""
    if _digits(f, value) or len(boxes) < 4:
        return None
    first, last = boxes[0], boxes[-1]
    low, high = first.y + first.h * 0.8, first.y + first.h * 0.2
    middle = ((first.x + last.x + last.w) / 2, (low + high) / 2)
    desk.clerk.line([(first.x + 1, low), middle, (last.x + last.w - 1, high)], 0.5)
    return _Outcome(None, "dashed")


def _short_date(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Month and day without their zeros, or the year by its last two digits."""
    digits = _digits(f, value)
    if len(digits) != {Kind.DATE: 8}.get(f.kind, 4 if f.rule == "month_day" else -1):
        return None
    places = dict(enumerate(digits))
    for zero in (len(digits) - 4, len(digits) - 2):
        if digits[zero] == "0":
            del places[zero]
            if desk.chance(0.4):
                places[zero] = places.pop(zero + 1)
    if len(places) == 8:
        del places[0], places[1]
    for cell, digit in places.items():
        desk.clerk.digit(digit, _rect(boxes[cell]))
    return _Outcome(value, "short date")


def _places(desk: _Desk, digits: str, cells: int) -> dict[int, str]:
    """Which cell each digit goes to."""
    from_left = desk.clerk.hand.aligns_left or len(digits) > 5
    start = 0 if from_left else max(cells - len(digits), 0)
    return {start + n: digit for n, digit in enumerate(digits[:cells])}


def _digits(f: Field, value: Value) -> str:
    text = value if isinstance(value, str) else ""
    return text.replace("-", "") if f.kind is Kind.DATE else text


def _other_digit(desk: _Desk, digit: str) -> str:
    return str((int(digit) + int(desk.rng.integers(1, 10))) % 10)


# --- words ---------------------------------------------------------------------------------------


def _word(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome:
    if not isinstance(value, str) or not value:
        return _Outcome(None, "blank")
    box = boxes[0]
    indent = float(desk.rng.uniform(0.3, 3.0))
    desk.clerk.text(value, box.x + indent, _base(desk, box), box.w - indent)
    return _Outcome(value, "on the line")


def _word_replaced(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Something struck out first, the answer behind or above it."""
    if not isinstance(value, str) or not value:
        return None
    box, size = boxes[0], min(desk.clerk.hand.character, 5.0)
    wrong = value[: max(len(value) // 2, 1)][::-1]
    width = desk.clerk.text(wrong, box.x + 0.5, _base(desk, box), box.w, size)
    desk.clerk.strike((box.x + 0.5, box.y + box.h - size, width, size * 0.9))
    room = box.w - width - 2.0
    if desk.clerk.fits(len(value), room):
        desk.clerk.text(value, box.x + width + 2.0, _base(desk, box), room, size)
    else:
        desk.clerk.text(value, box.x + 0.5, box.y + 0.5, box.w, 4.2)
    return _Outcome(value, "word replaced")


def _word_large(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Larger than the line allows, off the line."""
    if not isinstance(value, str) or not value:
        return None
    box, off = boxes[0], float(desk.rng.uniform(-1.6, 1.0))
    desk.clerk.text(
        value, box.x + 0.5, _base(desk, box) + off, box.w * 1.12, desk.clerk.hand.character * 1.25
    )
    return _Outcome(value, "large")


def _paragraph(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome:
    if not isinstance(value, str) or not value:
        return _Outcome(None, "blank")
    lines, size = _wrapped(desk, value, boxes[0])
    for n, line in enumerate(lines):
        _ruled_line(desk, boxes[0], n, line, size, indent=0.0)
    return _Outcome(value, "on the lines")


def _paragraph_mended(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Two characters struck out in the midst of a line."""
    if not isinstance(value, str) or len(value) < 6:
        return None
    at = int(desk.rng.integers(1, min(len(value) - 2, 12)))
    wrong = value[at + 1] + value[at]
    lines, size = _wrapped(desk, value[:at] + wrong + value[at:], boxes[0])
    if len(lines[0]) < at + 2:
        return None
    head = _ruled_line(desk, boxes[0], 0, value[:at], size, indent=0.0)
    struck = _ruled_line(desk, boxes[0], 0, wrong, size, indent=head)
    base = _line_base(boxes[0], 0)
    desk.clerk.strike((boxes[0].x + head, base - size, struck, size * 0.9))
    _ruled_line(desk, boxes[0], 0, lines[0][at + 2 :], size, indent=head + struck)
    for n, line in enumerate(lines[1:], 1):
        _ruled_line(desk, boxes[0], n, line, size, indent=0.0)
    return _Outcome(value, "characters struck")


def _paragraph_astray(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome | None:
    """Between the ruled lines instead of on them."""
    if not isinstance(value, str) or not value:
        return None
    lines, size = _wrapped(desk, value, boxes[0])
    off = float(desk.rng.uniform(-3.5, -2.0))
    for n, line in enumerate(lines):
        _ruled_line(desk, boxes[0], n, line, size, indent=0.0, off=off)
    return _Outcome(value, "between the lines")


def _wrapped(desk: _Desk, words: str, box: Box) -> tuple[list[str], float]:
    """`words` broken as this hand writes them, smaller when they would not fit; and their size."""
    size = min(desk.clerk.hand.character, box.h / box.lines * 0.78)
    while True:
        per_line = max(int((box.w - 3) / (size * desk.clerk.hand.spacing)), 1)
        lines = [words[n : n + per_line] for n in range(0, len(words), per_line)]
        if len(lines) <= box.lines or size < 3.2:
            return lines, size
        size *= 0.93


def _ruled_line(
    desk: _Desk, box: Box, n: int, words: str, size: float, indent: float, off: float = 0.0
) -> float:
    """Writes on the nth ruled line, and returns the width taken."""
    base = _line_base(box, n) + off + float(desk.rng.normal(-0.7, 0.3))
    return desk.clerk.text(words, box.x + 0.8 + indent, base, box.w - indent, size)


def _line_base(box: Box, n: int) -> float:
    return box.y + box.h / box.lines * (n + 1)


def _base(desk: _Desk, box: Box) -> float:
    return box.y + box.h + float(desk.rng.normal(-0.6, 0.3))


# --- signatures and seals ------------------------------------------------------------------------


def _sign(desk: _Desk, f: Field, boxes: Boxes, value: Value) -> _Outcome:
    if value is not True:
        return _Outcome(False, "blank")
    box = boxes[0]
    if f.key.endswith("seal"):
        middle = np.array([box.x + min(box.w / 2, 22.0), box.y + box.h / 2]) + desk.rng.normal(0, 3, 2)
        stamp(desk.paper, (float(middle[0]), float(middle[1])), desk.rng, name=desk.scribes.seal_name)
        return _Outcome(True, "seal")
    own = f.key.startswith(("visitor", "filler"))
    writer = desk.clerk if own else desk.subject
    writer.signature(desk.scribes.clerk_name if own else desk.scribes.subject_name, _rect(box))
    if not own and desk.chance(0.15):
        writer.thumbprint(box.x + float(desk.rng.uniform(8, 30)), box.y + box.h / 2)
    return _Outcome(True, "signature")


# --- blocks that are struck out ------------------------------------------------------------------


def _strike_blocks(
    desk: _Desk, asked: Sequence[Field], outcomes: Mapping[str, _Outcome]
) -> Mapping[str, _Outcome]:
    """Long lines through repeated blocks that were not needed, and rarely through one that was filled in:
    through its boxes, too. What is cancelled that way is returned."""
    blocks: dict[str, list[Field]] = {}
    for f in asked:
        if f.block:
            blocks.setdefault(f.block, []).append(f)
    cancelled: dict[str, _Outcome] = {}
    for fields in blocks.values():
        unused = all(outcomes[f.key].value in (None, [], False) for f in fields)
        if desk.chance(BLOCK_STRUCK if unused else BLOCK_CANCELLED):
            _strike_out(desk, [box for f in fields for box in desk.boxes(f.key)])
            cancelled |= {f.key: _nothing(f) for f in fields if not unused}
    return cancelled


def _nothing(f: Field) -> _Outcome:
    """What an entry says that was written and then struck out; a signature is there all the same."""
    value: Value = [] if f.kind is Kind.MULTIPLE else None
    return _Outcome(value, "block struck out", ambiguous=f.kind is Kind.SIGNATURE)


def _strike_out(desk: _Desk, boxes: Boxes) -> None:
    """From corner to corner, both ways, level, in a wave, or a short slash."""
    left, right = min(b.x for b in boxes) + 4, max(b.x + b.w for b in boxes) - 8
    top, bottom = min(b.y for b in boxes) + 2, max(b.y + b.h for b in boxes) - 2
    centre = ((left + right) / 2, (top + bottom) / 2)
    across, middle = centre
    way = desk.rng.choice(5, p=(0.4, 0.2, 0.2, 0.1, 0.1))
    if way == 0:
        desk.clerk.line([(left, bottom), (across, middle + 2), (right, top)], 0.8)
    elif way == 1:
        desk.clerk.line([(left, top), centre, (right, bottom)], 0.8)
        desk.clerk.line([(right, top), centre, (left, bottom)], 0.8)
    elif way == 2:
        desk.clerk.line([(left, middle), centre, (right, middle)], 0.8)
    elif way == 3:
        bends = np.linspace(left, right, 7)
        desk.clerk.line([(x, middle + (1.5 if n % 2 else -1.5)) for n, x in enumerate(bends)], 0.4)
    else:
        start = float(desk.rng.uniform(left, max(right - 50, left + 1)))
        end = min(start + float(desk.rng.uniform(30, 60)), right)
        desk.clerk.line([(start, bottom), ((start + end) / 2, middle), (end, top)], 0.5)


# --- what else a pen leaves on a page ------------------------------------------------------------


_NOTES = ("已核实", "补", "√", "老王家", "见背面", "复印1份", "12", "电话已存", "下午再来", "阅")


def _scatter(desk: _Desk) -> None:
    """Notes, tries of the pen and dots where nothing is asked."""
    if desk.chance(PAGE_NOTES):
        place = _free_place(desk, 26.0, 8.0)
        if place:
            note = _NOTES[int(desk.rng.integers(len(_NOTES)))]
            desk.clerk.text(note, place[0], place[1] + 7.0, 26.0)
    if desk.chance(PAGE_NOTES):
        for _ in range(int(desk.rng.integers(1, 4))):
            x, y = desk.rng.uniform(20, 190), desk.rng.uniform(40, 275)
            if not _near_a_box(desk, (float(x), float(y), 0.0, 0.0), 1.0):
                desk.clerk.touch(float(x), float(y))


def _free_place(desk: _Desk, width: float, height: float) -> Rect | None:
    frame = desk.layout.frame
    for _ in range(12):
        x = float(desk.rng.uniform(22, frame.width - 22 - width))
        y = float(desk.rng.uniform(38, frame.height - 24 - height))
        if not _near_a_box(desk, (x, y, width, height), 3.0):
            return x, y, width, height
    return None


def _near_a_box(desk: _Desk, rect: Rect, margin: float) -> bool:
    x, y, w, h = rect
    return any(
        box.x - margin < x + w and x < box.x + box.w + margin and box.y - margin < y + h
        and y < box.y + box.h + margin
        for box in desk.layout.on_page(desk.page)
    )  # fmt: skip


def _chosen(value: Value) -> set[str]:
    if isinstance(value, str):
        return {value}
    return set(value) if isinstance(value, list) else set()


def _marked(boxes: Boxes, value: Value) -> list[Box]:
    chosen = _chosen(value)
    return [box for box in boxes if box.option in chosen]


def _mark_all(desk: _Desk, boxes: Boxes, value: Value) -> None:
    """Marks every chosen box in the person's own way."""
    for box in _marked(boxes, value):
        desk.clerk.mark(_rect(box), desk.clerk.hand.style)


def _first(boxes: Boxes, value: Value) -> Box | None:
    return next(iter(_marked(boxes, value)), None)


def _another(desk: _Desk, boxes: Boxes, value: Value) -> Box | None:
    """A box that is not meant, if any box is."""
    chosen = _chosen(value)
    free = [box for box in boxes if box.option not in chosen]
    return free[int(desk.rng.integers(len(free)))] if chosen and free else None


def _rect(box: Box) -> Rect:
    return box.x, box.y, box.w, box.h


_WAYS: Mapping[Kind, Callable[[_Desk, Field, Boxes, Value], _Outcome]] = {
    Kind.SINGLE: _choose,
    Kind.MULTIPLE: _choose,
    Kind.DIGITS: _number,
    Kind.DATE: _number,
    Kind.TEXT: _word,
    Kind.LINES: _paragraph,
    Kind.SIGNATURE: _sign,
}
_CHOICE_SLIPS: tuple[Slip, ...] = (_scribbled, _whited, _ringed, _beside, _missed, _faint, _tiny, _wild)
_COMB_SLIPS: tuple[Slip, ...] = (
    _rewritten, _overwritten, _digit_whited, _regardless, _sprawling, _dashed, _short_date,
)  # fmt: skip
_SLIPS: Mapping[Kind, tuple[Slip, ...]] = {
    Kind.SINGLE: (*_CHOICE_SLIPS, _twice, _between, _also_on_words),
    Kind.MULTIPLE: (*_CHOICE_SLIPS, _too_many, _contradiction),
    Kind.DIGITS: _COMB_SLIPS,
    Kind.DATE: _COMB_SLIPS,
    Kind.TEXT: (_word_replaced, _word_large),
    Kind.LINES: (_paragraph_mended, _paragraph_astray),
    Kind.SIGNATURE: (),
}
