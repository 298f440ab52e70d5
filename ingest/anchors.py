"""Places on a printed page that can be recognised in a scan: patches of its own words and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.geometry import Matrix, Points
from ingest.model import Image, PrintedLayout
from ingest.sampling import Pyramid, Region, best_match
from layouts.model import Box, BoxKind, PageFrame

STEP = thresholds.ANCHOR_MM_PER_PX
_HALF = thresholds.ANCHOR_MM / 2


@dataclass(frozen=True, eq=False)
class Anchor:
    """A patch of the blank page; (x, y) is its middle in mm, `picture` has `STEP` mm a pixel."""

    x: float
    y: float
    picture: Image

    @property
    def floor(self) -> int:
        """The darkest that print is here."""
        return int(self.picture.min())


@dataclass(frozen=True, eq=False)
class Anchors:
    """`few` are spread over the page and find a flat page; `many` also follow a bent one."""

    few: tuple[Anchor, ...]
    many: tuple[Anchor, ...]


@dataclass(frozen=True, eq=False)
class Matches:
    """Where anchors were seen, as shifts in mm from where they were expected (N, 2), and how well (N)."""

    shifts: Points
    scores: NDArray[np.float64]


def blank_matrix(blank: Image, frame: PageFrame) -> Matrix:
    """Page mm → px of the blank picture; pdfium stretches a page to whole pixels, so each side counts."""
    height, width = blank.shape
    across, down = width / frame.width, height / frame.height
    return np.array([[across, 0.0, -0.5], [0.0, down, -0.5], [0.0, 0.0, 1.0]])


def match(
    scan: Pyramid, page_to_scan: Matrix, anchors: Sequence[Anchor], radius: float, guess: Points | None = None
) -> Matches:
    """Search each anchor within `radius` mm of its place, moved by its `guess` (mm, (N, 2)).

    Pen is darker than print and would outweigh it: nothing counts as darker than the print is.
    """
    start = np.zeros((len(anchors), 2)) if guess is None else guess
    shifts, scores = start.copy(), np.zeros(len(anchors))
    side = 2 * (_HALF + radius)
    for n, anchor in enumerate(anchors):
        left, top = anchor.x + start[n, 0] - side / 2, anchor.y + start[n, 1] - side / 2
        seen = scan.sample(page_to_scan, (left, top, side, side), STEP)
        scores[n], (x, y) = best_match(np.maximum(seen, anchor.floor), anchor.picture)
        shifts[n] += (STEP * x - radius, STEP * y - radius)
    return Matches(shifts, scores)


@lru_cache(maxsize=64)
def anchors_of(printed: PrintedLayout, page: int) -> Anchors:
    """The anchors of a page, chosen once per process."""
    blank, frame = Pyramid(printed.blanks[page - 1]), printed.layout.frame
    to_blank = blank_matrix(blank.image, frame)
    picture = blank.sample(to_blank, (0.0, 0.0, frame.width, frame.height), STEP)
    strength = _strength(picture, list(printed.layout.on_page(page)))
    many = _peaks(strength)
    few = _spread(many, strength, frame)
    made = {place: _anchor(blank, to_blank, place) for place in {*many, *few}}
    return Anchors(tuple(made[place] for place in few), tuple(made[place] for place in many))


_Place = tuple[int, int]
"""Column and row in the picture of `STEP`."""


def _anchor(blank: Pyramid, to_blank: Matrix, place: _Place) -> Anchor:
    x, y = ((v + 0.5) * STEP for v in place)
    region: Region = (x - _HALF, y - _HALF, 2 * _HALF, 2 * _HALF)
    return Anchor(x, y, blank.sample(to_blank, region, STEP))


def _strength(picture: Image, boxes: Sequence[Box]) -> NDArray[np.float32]:
    """How well a patch around each pixel can be told from its neighbours, in both directions.

    What may be written over does not count.
    """
    corners = np.sqrt(cv2.cornerMinEigenVal(picture, 3).clip(0))  # else markers would be all that counts
    for box in boxes:
        inset = -1.0 if box.kind is BoxKind.PREFILL else 0.5
        corners[_inside(box, inset)] = 0.0
    summed = cv2.GaussianBlur(corners, (0, 0), thresholds.ANCHOR_MM / 4 / STEP)  # no ties, unlike a box
    edge = round((_HALF + thresholds.ANCHOR_EDGE_MM) / STEP)
    inner = np.zeros(summed.shape, np.float32)
    inner[edge:-edge, edge:-edge] = summed[edge:-edge, edge:-edge]
    return inner


def _inside(box: Box, inset: float) -> tuple[slice, slice]:
    def span(start: float, length: float) -> slice:
        return slice(max(0, round((start + inset) / STEP)), max(0, round((start + length - inset) / STEP)))

    return span(box.y, box.h), span(box.x, box.w)


def _peaks(strength: NDArray[np.float32]) -> list[_Place]:
    """The strongest places, none nearer to another than the spacing, strongest first."""
    spacing = round(thresholds.ANCHOR_SPACING_MM / STEP)
    neighbourhood = np.ones((2 * spacing + 1, 2 * spacing + 1), np.uint8)
    tops = (strength == cv2.dilate(strength, neighbourhood)) & (
        strength > thresholds.ANCHOR_LEAST_STRENGTH * strength.max()
    )
    rows, columns = np.nonzero(tops)
    order = np.argsort(-strength[rows, columns])
    return [(int(columns[n]), int(rows[n])) for n in order]


def _spread(places: Sequence[_Place], strength: NDArray[np.float32], frame: PageFrame) -> list[_Place]:
    """The strongest place of each cell of a grid over the page."""
    columns, rows = thresholds.ANCHOR_GRID
    if frame.width > frame.height:
        columns, rows = rows, columns
    best: dict[tuple[int, int], _Place] = {}
    for x, y in places:  # strongest first
        cell = (x * columns // strength.shape[1], y * rows // strength.shape[0])
        best.setdefault(cell, (x, y))
    return list(best.values())
