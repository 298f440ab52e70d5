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
from ingest.sampling import Pyramid, Region, best_match, without_pen
from layouts.model import Box, BoxKind, PageFrame

STEP = thresholds.ANCHOR_MM_PER_PX
_HALF = thresholds.ANCHOR_MM / 2


@dataclass(frozen=True, eq=False)
class Anchor:
    """A patch of the blank page; (x, y) is its middle in mm, `picture` has `STEP` mm a pixel.

    rival  correlation with the place nearby that is most like it: 1 for one box among boxes
    """

    x: float
    y: float
    picture: Image
    rival: float

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
    """Where anchors were seen, in mm on the page as the transform has it (N, 2), and how well (N)."""

    seen: Points
    scores: NDArray[np.float64]


def blank_matrix(blank: Image, frame: PageFrame) -> Matrix:
    """Page mm → px of the blank picture; pdfium stretches a page to whole pixels, so each side counts."""
    height, width = blank.shape
    across, down = width / frame.width, height / frame.height
    return np.array([[across, 0.0, -0.5], [0.0, down, -0.5], [0.0, 0.0, 1.0]])


def match(
    scan: Pyramid,
    page_to_scan: Matrix,
    anchors: Sequence[Anchor],
    radius: float,
    guesses: NDArray[np.float64] | None = None,
) -> Matches:
    """Search each anchor within `radius` mm of its place, or of where its guess carries that.

    `guesses` (N, 3, 3) take places near an anchor to where they are expected, both on the page: paper
    that is bent or seen at a slant is shifted, turned and drawn out differently everywhere.
    """
    seen, scores = np.zeros((len(anchors), 2)), np.zeros(len(anchors))
    for n, anchor in enumerate(anchors):
        guess = np.eye(3) if guesses is None else guesses[n]
        region = _square(anchor.x, anchor.y, _HALF + radius)
        picture = scan.sample(page_to_scan @ guess, region, STEP)
        scores[n], (x, y) = best_match(without_pen(picture, anchor.floor), anchor.picture)
        at = (anchor.x + STEP * x - radius, anchor.y + STEP * y - radius)
        seen[n] = guess[:2, :2] @ at + guess[:2, 2]
    return Matches(seen, scores)


@lru_cache(maxsize=64)
def anchors_of(printed: PrintedLayout, page: int) -> Anchors:
    """The anchors of a page, chosen once per process."""
    blank, frame = Pyramid(printed.blanks[page - 1]), printed.layout.frame
    to_blank = blank_matrix(blank.image, frame)
    picture = blank.sample(to_blank, (0.0, 0.0, frame.width, frame.height), STEP)
    strength = _strength(picture, list(printed.layout.on_page(page)), frame)
    many = _peaks(strength)
    few = _spread(many, strength, frame)
    made = {place: _anchor(blank, to_blank, place) for place in {*many, *few}}
    return Anchors(tuple(made[place] for place in few), tuple(made[place] for place in many))


_Place = tuple[int, int]
"""Column and row in the picture of `STEP`."""


def _anchor(blank: Pyramid, to_blank: Matrix, place: _Place) -> Anchor:
    x, y = ((v + 0.5) * STEP for v in place)
    around = _HALF + thresholds.RIVAL_WITHIN_MM
    picture = blank.sample(to_blank, _square(x, y, _HALF), STEP)
    return Anchor(x, y, picture, _rival(blank.sample(to_blank, _square(x, y, around), STEP), picture))


def _square(x: float, y: float, half: float) -> Region:
    return x - half, y - half, 2 * half, 2 * half


def _rival(surroundings: Image, picture: Image) -> float:
    """Correlation of the likest place in the surroundings that is not the picture's own."""
    scores = np.asarray(cv2.matchTemplate(surroundings, picture, cv2.TM_CCOEFF_NORMED))
    middle, own = scores.shape[0] // 2, round(thresholds.RIVAL_BEYOND_MM / STEP)
    scores[middle - own : middle + own + 1, middle - own : middle + own + 1] = 0.0
    return float(np.where(np.isfinite(scores), scores, 0.0).max())


def _strength(picture: Image, boxes: Sequence[Box], frame: PageFrame) -> NDArray[np.float32]:
    """How well a patch around each pixel can be told from its neighbours, in both directions.

    What may be written over does not count, nor do the lines between the cells of a comb: strokes of digits
    beside one look like it.
    """
    corners = np.sqrt(cv2.cornerMinEigenVal(picture, 3).clip(0))  # else titles would be all that counts
    for corners_mm in frame.markers().values():  # a torn corner looks like half a marker
        (left, top), _, (right, bottom), _ = corners_mm
        corners[_span(top, bottom, -1.0), _span(left, right, -1.0)] = 0.0
    for box in boxes:
        inset = -1.0 if box.kind in (BoxKind.PREFILL, BoxKind.COMB) else 0.5
        corners[_span(box.y, box.y + box.h, inset), _span(box.x, box.x + box.w, inset)] = 0.0
    summed = cv2.GaussianBlur(corners, (0, 0), thresholds.ANCHOR_MM / 4 / STEP)  # no ties, unlike a box
    edge = round((_HALF + thresholds.ANCHOR_EDGE_MM) / STEP)
    inner = np.zeros(summed.shape, np.float32)
    inner[edge:-edge, edge:-edge] = summed[edge:-edge, edge:-edge]
    return inner


def _span(start: float, end: float, inset: float) -> slice:
    """From mm to px of the picture of `STEP`, `inset` mm shorter at both ends."""
    return slice(max(0, round((start + inset) / STEP)), max(0, round((end - inset) / STEP)))


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
