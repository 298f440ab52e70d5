"""A form on paper. Millimetres from the top-left corner of the page, y downwards, throughout."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from forms.model import Field, Form
from layouts.typeset import BASELINE, MM_PER_PT, width_mm

Point = tuple[float, float]
Area = tuple[float, float, float, float]
"""x, y, width and height."""

MARKER_MM = 8.0
"""Side of an ArUco marker; 6 and 10 mm find fewer damaged pages (EVIDENCE, Finding the page)."""
MARKER_EDGE_MM = 11.0
"""From the paper's edge to a marker's outer edge: at 8 mm a 5° skew loses half of them."""
MARKER_DICTIONARY = "DICT_4X4_50"
MARKER_IDS = (0, 1, 2, 3)
"""Top left, top right, bottom right, bottom left."""
QR_MM = 22.0
QR_MODULES = 25
"""QR version 2."""
QR_QUIET_MODULES = 4
WORDS_BEHIND_MM = 2.0
"""An option's words begin within this distance behind its box."""


def grown(area: Area, mm: float) -> Area:
    """An area with so much more on each side."""
    x, y, w, h = area
    return x - mm, y - mm, w + 2 * mm, h + 2 * mm


def bounds(areas: Sequence[Area]) -> Area:
    """The least area that holds them all. Raises ValueError when there are none."""
    x, y = min(area[0] for area in areas), min(area[1] for area in areas)
    return x, y, max(a[0] + a[2] for a in areas) - x, max(a[1] + a[3] for a in areas) - y


class BoxKind(StrEnum):
    CHECKBOX = "checkbox"
    COMB = "comb"
    TEXT = "text"
    LINES = "lines"
    SIGNATURE = "signature"
    PREFILL = "prefill"


@dataclass(frozen=True)
class Box:
    """A place to write or to tick. `page` counts from 1.

    lines  the number of ruled lines; of a prefilled place: how many a paragraph may have, 0 for a few words
    """

    field: str
    kind: BoxKind
    page: int
    x: float
    y: float
    w: float
    h: float
    option: str | None = None
    cell: int | None = None
    lines: int = 0

    @property
    def area(self) -> Area:
        return self.x, self.y, self.w, self.h


@dataclass(frozen=True)
class Text:
    """Printed words; (x, y) is the baseline's start. `grey`: 0 black to 1 white."""

    page: int
    x: float
    y: float
    size: float  # pt
    text: str
    font: str = "song"  # a role of generate.fonts: song, hei, kai, title
    grey: float = 0.45
    align: str = "left"  # left, centre, right

    @property
    def height(self) -> float:
        """Of its characters, mm."""
        return self.size * MM_PER_PT

    @property
    def middle(self) -> float:
        """Half its characters' height, mm from the top of the page."""
        return self.y - BASELINE * self.height


@dataclass(frozen=True)
class Rule:
    """A printed straight line; `width` in pt."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.5
    grey: float = 0.6


@dataclass(frozen=True)
class PageFrame:
    """What every sheet has, whatever the form: paper size, markers, QR place, and room for content."""

    width: float = 210.0
    height: float = 297.0

    def markers(self) -> dict[int, tuple[Point, Point, Point, Point]]:
        """Marker id → its corners, clockwise from the top left."""
        near = MARKER_EDGE_MM
        right, bottom = self.width - near - MARKER_MM, self.height - near - MARKER_MM
        origins = ((near, near), (right, near), (right, bottom), (near, bottom))
        return {
            marker: ((x, y), (x + MARKER_MM, y), (x + MARKER_MM, y + MARKER_MM), (x, y + MARKER_MM))
            for marker, (x, y) in zip(MARKER_IDS, origins, strict=True)
        }

    @property
    def qr(self) -> tuple[float, float, float]:
        """x, y and side of the QR code's modules, without the quiet zone."""
        return self.width - 45.0, 11.0, QR_MM

    @property
    def serial_baseline(self) -> Point:
        """Centre of the serial in readable characters, in the foot of the page."""
        return self.width / 2, self.height - 13.0

    @property
    def content(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the room for questions: between the rows of markers, never beside them."""
        return 14.0, 36.6, self.width - 14.0, self.height - 20.5


@dataclass(frozen=True)
class Layout:
    """A form placed on pages, with the form itself: all that is needed to print and to read it.

    Equal content has an equal `digest`, whatever made it; a printed sheet names its layout by it, so
    that editing a form later changes nothing about how an older sheet is read.
    """

    form: Form
    frame: PageFrame
    pages: int
    boxes: tuple[Box, ...]
    texts: tuple[Text, ...]
    rules: tuple[Rule, ...]
    anonymous_pages: tuple[int, ...] = ()
    sealed_pages: tuple[int, ...] = ()

    def on_page(self, page: int) -> Iterator[Box]:
        return (box for box in self.boxes if box.page == page)

    def of_field(self, key: str) -> tuple[Box, ...]:
        return tuple(box for box in self.boxes if box.field == key)

    def area_of(self, boxes: Sequence[Box]) -> Area:
        """What some boxes of a page and the words of their options take up. Raises ValueError when there are
        no boxes."""
        return bounds([box.area for box in boxes] + [a for box in boxes if (a := self.words_of(box))])

    def words_of(self, box: Box) -> Area | None:
        """Where an option's words are printed behind its box; None in a table of boxes, whose words stand
        above. The width is an upper bound (`typeset.width_mm`)."""
        return self._words.get((box.page, box.field, box.option))

    def fields_on_page(self, page: int) -> tuple[Field, ...]:
        """The fields that have a box on `page`, in the form's order."""
        keys = {box.field for box in self.on_page(page)}
        return tuple(field for field in self.form.fields() if field.key in keys)

    @cached_property
    def _words(self) -> Mapping[tuple[int, str, str | None], Area]:
        found = {}
        for box in self.boxes:
            for text in self.texts if box.option else ():
                behind = text.page == box.page and 0 < text.x - (box.x + box.w) < WORDS_BEHIND_MM
                if behind and abs(text.middle - box.y - box.h / 2) < text.height / 2:
                    top, width = text.middle - text.height / 2, width_mm(text.text, text.size)
                    found[box.page, box.field, box.option] = (text.x, top, width, text.height)
        return found

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.to_json()).hexdigest()[:16]

    def to_json(self) -> bytes:
        """The stored form of a layout, canonical; `from_json` reads it back to an equal one.

        What has its default value is left out, so that a layout keeps its digest when later versions
        of this program add to the model.
        """
        return _LAYOUT.dump_json(self, exclude_defaults=True)

    @staticmethod
    def from_json(data: bytes | str) -> Layout:
        return _LAYOUT.validate_json(data)

    def describe(self, page: int | None = None) -> dict[str, Any]:
        """What `zoufang layouts show --json` prints (DESIGN §5), of one page or of all."""
        return {
            "form": self.form.id,
            "version": self.form.version,
            "digest": self.digest,
            "page_size_mm": [self.frame.width, self.frame.height],
            "boxes": [asdict(box) for box in self.boxes if page in (None, box.page)],
        }


_LAYOUT = TypeAdapter(Layout)
