"""Long strokes of the pen that strike out a block which nobody needed.

Such a line runs through boxes, words and places to write alike, and in each of them looks like
something else. So it is followed once over all blocks of a page and taken out of the scan; what is
left is read as ever. How far it runs through a field is kept: it may cancel an answer.

Strikes run across the page, more level than steep. A line down the page through boxes that stand one
above the other is an answer to be asked about, and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.geometry import Points
from ingest.ink import PageInk, upright_runs
from ingest.model import Image
from ingest.register import READING_MM_PER_PX
from layouts.model import Area, PageFrame

_SCALE = 2 * READING_MM_PER_PX
_RIM_MM = 0.2
"""By how much a stroke is broader than what counts as its ink, on each side."""

_Stroke = NDArray[np.float64]
"""(N, 4), from left to right: column, row of the middle, height of the ink there, px, and 1 where it cannot
be what is left of print."""


@dataclass(frozen=True)
class Strike:
    """One line, from left to right: its middle in every column, mm (N, 2), and how high its ink stands
    there, mm."""

    path: Points
    height_mm: float

    def length_in(self, area: Area) -> float:
        """How much of it lies in an area, mm."""
        x, y, w, h = area
        low, high = np.array([(x, y), (x + w, y + h)])
        inside = ((self.path >= low) & (self.path <= high)).all(1)
        steps = np.linalg.norm(np.diff(self.path, axis=0), axis=1)
        return float(steps[inside[1:] & inside[:-1]].sum())

    def is_at(self, area: Area) -> bool:
        """Whether it lies in an area, mm, or in line with it, for the most part."""
        x, y, w, h = area
        beside = thresholds.STRIKE_BESIDE_MM
        held = self.length_in((x - beside, y, w + 2 * beside, h))
        return held > 0.5 * float(np.linalg.norm(self.path[-1] - self.path[0]))

    def reaches(self, area: Area) -> bool:
        """Whether it runs through an area, mm, or ends so close before it that it may go on in it."""
        near = min(round(thresholds.STRIKE_ENDS_MM / _SCALE), len(self.path) - 1)
        ends = (self.path[0], self.path[near]), (self.path[-1], self.path[-1 - near])
        x, y, w, h = area
        low, high = np.array([(x, y), (x + w, y + h)])
        beyond = [end + (end - before) * part for end, before in ends for part in (0.5, 1.0)]
        path = np.concatenate((self.path, beyond))
        return bool(((path >= low) & (path <= high)).all(1).any())


def find(ink: PageInk, areas: Sequence[Area]) -> list[Strike]:
    """The strikes through some areas of the page, mm: long lines, and shorter ones in what those strike out,
    for people cross out with two, which may part each other."""
    if not areas:
        return []
    region = _around(areas, ink.page.frame)
    picture = _picture(ink, region)
    long, shorter = [], []
    for line in (chain for chain in _chains(picture) if _is_line(chain, picture)):
        if _length_mm(line) >= thresholds.STRUCK_MM:
            long.append(_strike(_lengthened(_lengthened(line, 1, picture), -1, picture), region))
        else:
            shorter.append(_strike(line, region))
    struck = [area for area in areas if length_in(long, area) >= thresholds.STRIKE_CANCELS_MM]
    return long + [strike for strike in shorter if any(map(strike.is_at, struck))]


def length_in(strikes: Sequence[Strike], area: Area | None) -> float:
    """How much of all strikes lies in an area, mm."""
    return round(sum(strike.length_in(area) for strike in strikes), 1) if area else 0.0


def reach(strikes: Sequence[Strike], area: Area | None) -> bool:
    """Whether any strike may run through an area, mm."""
    return area is not None and any(strike.reaches(area) for strike in strikes)


def without(ink: PageInk, strikes: Sequence[Strike]) -> PageInk:
    """The page as it would look without them: print where print is expected, paper elsewhere."""
    if not strikes:
        return ink
    scan = ink.page.scan.copy()
    for strike in strikes:
        _paint_over(scan, ink, strike)
    return replace(ink, page=replace(ink.page, scan=scan))


@dataclass(frozen=True)
class _Picture:
    """New ink of a region; what of it is surely a pen's and not left of print; where print may hide it, and
    where that is a rule across the page."""

    ink: NDArray[np.bool_]
    pen: NDArray[np.bool_]
    printed: NDArray[np.bool_]
    rules: NDArray[np.bool_]

    def joins(self, start: Sequence[float], end: Sequence[float]) -> bool:
        """Whether one stroke may run from one place, column and row, to another: over ink, or where print
        hides it, and hardly over bare paper."""
        inked, printed = self.along(start, end)
        lifted, hidden = (~inked & ~printed).sum() * _SCALE, (~inked & printed).sum() * _SCALE
        return bool(lifted <= thresholds.STRIKE_LIFTED_MM and hidden <= thresholds.STRIKE_HIDDEN_MM)

    def along(
        self, start: Sequence[float], end: Sequence[float]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of every column between two places: whether ink, and whether print, lies on the line there."""
        count = max(round(abs(end[0] - start[0])), 1)
        columns, rows = (
            np.round(np.linspace(a, b, count + 1)).astype(int) for a, b in zip(start, end, strict=True)
        )
        height, width = self.ink.shape
        seen = (columns >= 0) & (columns < width)
        columns, rows = np.clip(columns, 0, width - 1), np.clip(rows, 1, height - 2)
        inked = self.ink[rows, columns] | self.ink[rows - 1, columns] | self.ink[rows + 1, columns]
        return inked & seen, self.printed[rows, columns] & seen


def _around(areas: Sequence[Area], frame: PageFrame) -> Area:
    sides = np.array([(x, y, x + w, y + h) for x, y, w, h in areas])
    edge, more = thresholds.PAPER_EDGE_MM, thresholds.STRIKE_BEYOND_MM
    x, y = np.maximum(sides[:, :2].min(0) - more, edge)
    right, bottom = np.minimum(sides[:, 2:].max(0) + more, np.array([frame.width, frame.height]) - edge)
    return float(x), float(y), float(right - x), float(bottom - y)


def _picture(ink: PageInk, region: Area) -> _Picture:
    new, pen, print_ = ink.strokes_in(region, _SCALE)
    printed = cv2.erode(print_, np.ones((3, 3), np.uint8)) < thresholds.RULED_GREY
    along = np.ones((1, round(thresholds.STRUCK_MM / _SCALE)), np.uint8)
    rules = cv2.morphologyEx((print_ < thresholds.BARE_GREY).astype(np.uint8), cv2.MORPH_OPEN, along)
    return _Picture(new, pen, printed, cv2.dilate(rules, np.ones((3, 1), np.uint8)) > 0)


# --- pieces: ink without a branch -----------------------------------------------------------------


def _pieces(picture: _Picture) -> list[_Stroke]:
    """The stretches of thin ink, the longest first; they end where strokes meet or part."""
    columns, tops, bottoms = upright_runs(picture.ink)
    thin = bottoms - tops <= thresholds.STRIKE_RUN_MM / _SCALE
    columns, tops, bottoms = columns[thin], tops[thin], bottoms[thin]
    first = _only_neighbours(columns, tops, bottoms)
    while (first != first[first]).any():
        first = first[first]
    order = np.argsort(first, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(first[order])) + 1)
    least = thresholds.STRIKE_PIECE_MM / _SCALE
    by_pen = picture.pen[(tops + bottoms) // 2, columns]
    strokes = np.column_stack((columns, (tops + bottoms - 1) / 2, bottoms - tops, by_pen))
    return sorted((strokes[part] for part in parts if len(part) >= least), key=_pen_mm, reverse=True)


def _pen_mm(stroke: _Stroke) -> float:
    """Length of a stroke that cannot be print, mm."""
    return float(stroke[:, 3].sum()) * _SCALE


def _only_neighbours(
    columns: NDArray[np.intp], tops: NDArray[np.intp], bottoms: NDArray[np.intp]
) -> NDArray[np.intp]:
    """For each run the one it touches in the column before, if neither touches another; or else itself."""
    own = np.arange(len(columns))
    # All columns one below the other, with room between them: then one search finds all that touch.
    tall = int(bottoms.max(initial=0)) + 3
    starts, ends = columns * tall + tops, columns * tall + bottoms
    low = np.searchsorted(ends, starts - tall, "left")
    many = np.searchsorted(starts, ends - tall, "right") - low
    reached = np.zeros(len(own) + 1, np.intp)
    np.add.at(reached, low, 1)
    np.add.at(reached, low + many, -1)
    by = np.cumsum(reached)[:-1]
    single = many == 1
    partner = np.where(single, low, own)
    return np.where(single & (by[partner] == 1), partner, own)


# --- chains: pieces that continue each other ------------------------------------------------------


def _chains(picture: _Picture) -> Iterator[_Stroke]:
    """Pieces in one line, the longest first."""
    left = _pieces(picture)
    while left and _pen_mm(left[0]) >= thresholds.STRIKE_SEED_MM:
        chain = left.pop(0)
        for way in (1, -1):
            while (n := _continued(chain, left, way, picture)) is not None:
                piece = left.pop(n)
                chain = np.concatenate((chain, piece) if way > 0 else (piece, chain))
        yield chain


def _length_mm(chain: _Stroke) -> float:
    return float(chain[-1, 0] - chain[0, 0]) * _SCALE


def _is_line(chain: _Stroke, picture: _Picture) -> bool:
    """Long enough to be of a strike, drawn by a pen for the most part, in one sweep, and not what a
    black-and-white scan leaves of a rule."""
    length = _length_mm(chain)
    if length < thresholds.STRIKE_BESIDE_MM or _roughness_mm(chain) > thresholds.STRIKE_ROUGH_MM:
        return False
    columns, rows = np.round(chain[:, :2]).astype(int).T
    on_rules = float(picture.rules[rows, columns].mean())
    seen = _pen_mm(chain) >= thresholds.STRIKE_SEEN * length
    return seen and on_rules <= thresholds.STRIKE_ON_RULES


def _roughness_mm(chain: _Stroke) -> float:
    """How far it is from an even curve over a short way, mm, where it is evenest: strokes of characters that
    happen to follow each other jump everywhere; a line does so where it runs through characters."""
    parts = max(round(len(chain) * _SCALE / thresholds.STRIKE_AHEAD_MM), 1)
    off = []
    for x, y in (part[:, :2].T for part in np.array_split(chain, parts)):
        curve = np.polyfit(x - x[0], y, 2)
        off.append(float(np.sqrt(np.mean((np.polyval(curve, x - x[0]) - y) ** 2))))
    return min(off) * _SCALE


def _lengthened(chain: _Stroke, way: int, picture: _Picture) -> _Stroke:
    """The chain with what goes on beyond its right (`way` 1) or left end in ink, be it hidden by print here
    and there: where it meets another stroke, and across printed words."""
    x, y, slope = _end(chain, way)
    steps = way * np.arange(1, round(thresholds.STRIKE_AHEAD_MM / _SCALE) + 1)
    inked, printed = picture.along((x, y), (x + steps[-1], y + slope * steps[-1]))
    unbroken = np.logical_and.accumulate((inked | printed)[1:])
    on = int(np.flatnonzero(np.append(True, inked[1:] & unbroken))[-1])
    beyond = np.column_stack((x + steps[:on], y + slope * steps[:on]))
    tail = np.column_stack((beyond, np.full(on, np.median(chain[:, 2])), np.zeros(on)))
    return np.concatenate((chain, tail) if way > 0 else (tail[::-1], chain))


def _continued(chain: _Stroke, pieces: Sequence[_Stroke], way: int, picture: _Picture) -> int | None:
    """Which of `pieces` continues the chain to the right (`way` 1) or to the left (-1)."""
    if not pieces:
        return None
    x, y, slope = _end(chain, way)
    near = 0 if way > 0 else -1
    at = np.array([piece[near, :2] for piece in pieces])
    gaps = way * (at[:, 0] - x) * _SCALE
    off = np.abs(y + slope * (at[:, 0] - x) - at[:, 1]) * _SCALE
    ahead = (gaps > 0) & (gaps <= thresholds.STRIKE_CROSSING_MM)
    likely = np.flatnonzero(ahead & (off <= thresholds.STRIKE_OFF_MM + thresholds.STRIKE_STRAYS * gaps))
    for n in likely[np.argsort(gaps[likely] + off[likely])]:
        if _same_slope(slope, pieces[n], -way) and picture.joins((x, y), tuple(at[n])):
            return int(n)
    return None


def _same_slope(slope: float, piece: _Stroke, way: int) -> bool:
    """Between printed words pieces are too short to have a slope."""
    if len(piece) * _SCALE < thresholds.STRIKE_SLOPED_MM:
        return True
    return abs(slope - _end(piece, way)[2]) <= thresholds.STRIKE_TURNS


def _end(stroke: _Stroke, way: int) -> tuple[float, float, float]:
    """Column and row of a stroke's right (`way` 1) or left end, and its slope there."""
    near = round(thresholds.STRIKE_AHEAD_MM / _SCALE)
    x, y = (stroke[-near:] if way > 0 else stroke[:near])[:, :2].T
    slope, start = np.polyfit(x, y, 1)
    at = float(x[-1] if way > 0 else x[0])
    return at, float(start + slope * at), float(slope)


def _strike(chain: _Stroke, region: Area) -> Strike:
    x, y, heights, _ = chain.T
    columns = np.arange(x[0], x[-1] + 1)
    path = np.column_stack((columns, np.interp(columns, x, y)))
    return Strike((path + 0.5) * _SCALE + region[:2], float(np.percentile(heights, 75)) * _SCALE)


# --- taking them out ------------------------------------------------------------------------------


def _paint_over(scan: Image, ink: PageInk, strike: Strike) -> None:
    """Paints what is expected under a strike; changes `scan`."""
    x, y = strike.path.T
    step = 0.6 / ink.page.px_per_mm  # so that no pixel is left out
    along = np.arange(x[0] - _SCALE, x[-1] + _SCALE, step)
    half = strike.height_mm / 2 + _RIM_MM
    across = np.arange(-half, half + step, step)
    places = np.stack(np.broadcast_arrays(along[:, None], np.interp(along, x, y)[:, None] + across), -1)
    places = places.reshape(-1, 2)
    columns, rows = np.round(ink.page.where(places)).astype(np.intp).T
    height, width = scan.shape[:2]
    seen = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    shades = ink.expected_at(places[seen])
    scan[rows[seen], columns[seen]] = shades if scan.ndim == 2 else shades[:, None]
