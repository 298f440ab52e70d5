"""Contact cards (2-8): ten to a sheet of A4, to be cut, fronts and backs in register.

The backs' columns are mirrored, so that each back lies behind its front when the sheet is turned over
its long edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from forms.model import Form
from generate.fit import fit
from generate.pen import Colour, Pen
from layouts.identity import readable
from layouts.model import PageFrame, Point, Rule, Text
from layouts.typeset import MM_PER_PT

CARD_W, CARD_H = 90.0, 54.0
COLUMNS, ROWS = 2, 5
PER_SHEET = COLUMNS * ROWS
MARGIN_X, MARGIN_Y = 15.0, 13.5
FRAME = PageFrame()
FRONT, BACK = 1, 2  # pages of the form

_EDGE = 8.0  # white inside a card's edge
_RED: Colour = (0.70, 0.07, 0.09)
_GREY = 0.35
_CUT_FROM, _CUT_TO = 1.5, 7.0  # a cut mark's ends, mm outside the cards
_QR_MM = 18.0
_SERIAL_PT = 10.0
_NAME_PT, _LEAST_NAME_PT = 24.0, 14.0
_FRONT_PHONES = ("mobile", "office_phone")
_BACK_PHONES = ("activity_office_phone", "supervision_phone", "hotline")
_PHONE_PITCH = 6.2
_SERIAL_Y = 45.0
_CAMPAIGN_PT, _POSITION_PT, _PHONE_PT, _LABEL_PT, _LEAST_PT = 10.0, 11.0, 11.5, 9.0, 9.0


@dataclass(frozen=True)
class CardPrint:
    """One card: `facts` by the form's field keys; what has no words is left out.

    code  what its QR says (`layouts.identity.Key.encode`)
    """

    serial: str
    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CardSet:
    """Cards that are cut from the same sheets, e.g. all of a cadre's."""

    form: Form
    cards: tuple[CardPrint, ...]

    def sheets(self) -> Iterator[Sequence[CardPrint]]:
        for first in range(0, len(self.cards), PER_SHEET):
            yield self.cards[first : first + PER_SHEET]


def corner(number: int, side: int) -> Point:
    """Top-left corner, mm, of the sheet's card `number` (from 0, row by row) on its front or back."""
    row, column = divmod(number, COLUMNS)
    if side == BACK:
        column = COLUMNS - 1 - column
    return MARGIN_X + CARD_W * column, MARGIN_Y + CARD_H * row


def draw_cut_marks(pen: Pen) -> None:
    """Hairlines in the margins, in line with the cuts; nothing is printed where a card will be."""
    right, bottom = MARGIN_X + CARD_W * COLUMNS, MARGIN_Y + CARD_H * ROWS
    for column in range(COLUMNS + 1):
        x = MARGIN_X + CARD_W * column
        for edge, out in ((MARGIN_Y, -1), (bottom, 1)):
            pen.rule(Rule(0, x, edge + out * _CUT_FROM, x, edge + out * _CUT_TO, 0.25, 0.0))
    for row in range(ROWS + 1):
        y = MARGIN_Y + CARD_H * row
        for edge, out in ((MARGIN_X, -1), (right, 1)):
            pen.rule(Rule(0, edge + out * _CUT_FROM, y, edge + out * _CUT_TO, y, 0.25, 0.0))


def draw_front(pen: Pen, form: Form, facts: Mapping[str, str]) -> None:
    """Campaign, name, position, telephones; the card's corner is the page's. Raises TooLongError."""
    room = CARD_W - 2 * _EDGE
    pen.bar(_EDGE, 7.5, 9.0, 1.1, _RED)
    _words(pen, facts.get("campaign", ""), 13.0, room, "hei", _CAMPAIGN_PT, _LEAST_PT, _RED)
    name = facts.get("name", "")
    spaced = "\u3000".join(name) if len(name) == 2 else name  # two characters take the room of three
    _words(pen, spaced, 24.0, room, "title", _NAME_PT, _LEAST_NAME_PT)
    _words(pen, facts.get("position", ""), 33.0, room, "song", _POSITION_PT, _LEAST_PT)
    pen.rule(Rule(0, _EDGE, 38.0, CARD_W - _EDGE, 38.0, 0.4, 0.75))
    _phones(pen, form, facts, _FRONT_PHONES, 42.0)


def draw_back(pen: Pen, form: Form, facts: Mapping[str, str]) -> None:
    """Whom to call; the QR and the number are the single card's. Raises TooLongError."""
    room = CARD_W - 3 * _EDGE - _QR_MM
    pen.bar(_EDGE, 7.5, 9.0, 1.1, _RED)
    _words(pen, form.pages[BACK - 1].title, 14.5, room, "title", 17.0, 11.0, _RED)
    _phones(pen, form, facts, _BACK_PHONES, 24.5)
    pen.rule(Rule(0, _EDGE, 41.2, CARD_W - _EDGE, 41.2, 0.4, 0.75))
    pen.text(_centred(_EDGE, _SERIAL_Y, "编号", "song", _LABEL_PT, _GREY))


def draw_identity(pen: Pen, form: Form, card: CardPrint, at: Point) -> None:
    """QR and readable number on the back of the card at `at`."""
    x, y = at
    pen.qr(card.code, x + CARD_W - _EDGE - _QR_MM, y + _EDGE, _QR_MM)
    number_x = x + _number_column(pen, form, _BACK_PHONES)
    pen.text(_centred(number_x, y + _SERIAL_Y, readable(card.serial), "serial", _SERIAL_PT, 0.0))


def _phones(pen: Pen, form: Form, facts: Mapping[str, str], keys: Sequence[str], middle: float) -> None:
    """Labels in one column, numbers in the next."""
    column = _number_column(pen, form, keys)
    for n, key in enumerate(key for key in keys if facts.get(key)):
        y = middle + _PHONE_PITCH * n
        pen.text(_centred(_EDGE, y, form.field(key).label, "song", _LABEL_PT, _GREY))
        pen.text(_centred(column, y, _grouped(facts[key]), "hei", _PHONE_PT, 0.0))


def _number_column(pen: Pen, form: Form, keys: Sequence[str]) -> float:
    return _EDGE + 3.0 + max(pen.fonts.width(form.field(key).label, "song", _LABEL_PT) for key in keys)


def _grouped(number: str) -> str:
    """A mobile number as people say it: 138 6111 2345."""
    return f"{number[:3]} {number[3:7]} {number[7:]}" if len(number) == 11 and number.isdecimal() else number


def _words(
    pen: Pen, words: str, middle: float, room: float, role: str, size: float, least: float,
    colour: Colour | None = None,
) -> None:  # fmt: skip
    """`words` at the card's left edge, centred on the height `middle`, within `room`."""
    if words:
        fitted = fit(pen.fonts, words, role, room, size, least)
        for n, line in enumerate(fitted.lines):
            y = middle + fitted.size * 1.15 * MM_PER_PT * (n - (len(fitted.lines) - 1) / 2)
            pen.text(_centred(_EDGE, y, line, role, fitted.size, 0.0), colour)


def _centred(x: float, middle: float, words: str, role: str, size: float, grey: float) -> Text:
    return Text(0, x, middle + 0.36 * size * MM_PER_PT, size, words, role, grey)
