"""Lines across the whole page that nobody drew: dust on a feeder's glass, creases of folded paper.

They are found by what no pen does, to run straight from edge to edge, and lightened by the share that
the line itself takes away, so that print and strokes which cross it stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.geometry import Points
from ingest.model import Image
from ingest.register import RegisteredPage

_MM = 1.0
"""mm per px of the picture in which lines are looked for."""
_ROWS = 4
"""Rows of it that are taken together: over 4 mm a line does not move."""


def without_lines(page: RegisteredPage) -> RegisteredPage:
    """The page with such lines lightened; the same object when there are none."""
    lines = list(_find(page))
    if not lines:
        return page
    scan = page.scan.copy()
    for line in lines:
        _lighten(scan, page, line)
    return replace(page, scan=scan)


# --- finding --------------------------------------------------------------------------------------


def _find(page: RegisteredPage) -> Iterator[Points]:
    """Each line by its two ends on the edges of the page, mm (2, 2)."""
    unexplained, print_ = _unexplained(page)
    for turned in (False, True):
        dark, known = (unexplained.T, print_.T) if turned else (unexplained, print_)
        slants = _slants(page, turned, len(dark))
        for top, bottom in _straight(np.ascontiguousarray(dark), np.ascontiguousarray(known), slants):
            ends = np.array([(top, 0.0), (bottom, float(len(dark)))])
            yield ends[:, ::-1] if turned else ends


def _unexplained(page: RegisteredPage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """By which share of the paper's brightness each square mm is darker than its print explains; and how
    dark the print is there, 0 to 1."""
    whole = (0.0, 0.0, page.frame.width, page.frame.height)
    seen = page.patch(*whole, _MM).astype(np.float32)
    print_ = 1.0 - page.blank_patch(*whole, _MM) / np.float32(255)
    size = thresholds.PAPER_MM
    dark = 1.0 - seen / np.maximum(cv2.dilate(seen, np.ones((size, size), np.uint8)), 1.0)
    printed = print_ > thresholds.LINE_PRINTED
    gain = float(np.median(dark[printed] / print_[printed])) if printed.any() else 1.0
    return np.asarray(dark - gain * print_, np.float32), np.asarray(print_, np.float32)


def _slants(page: RegisteredPage, turned: bool, length: int) -> NDArray[np.float64]:
    """By how much lines may lean, px from top to bottom: creases about along the page, streaks of the glass
    along the scan, however askew the page lies on it."""
    middle = np.array([[page.frame.width / 2, page.frame.height / 2]])
    steps = np.array([[1.0, 0.0], [0.0, 1.0]])
    across, down = page.where(middle + steps) - page.where(middle)
    # The scan's own axes, in mm of the page.
    axes = np.linalg.inv(np.column_stack((across, down))).T
    along = max(axes[:, ::-1] if turned else axes, key=lambda axis: abs(axis[1]))
    skew = along[0] / along[1] * length
    most = thresholds.LINE_SLANT_MM
    creases = np.arange(-most, most + 1)
    return creases if abs(skew) <= most else np.concatenate((creases, skew + np.arange(-1.0, 2.0)))


def _straight(
    dark: NDArray[np.float32], print_: NDArray[np.float32], slants: NDArray[np.float64]
) -> Iterator[tuple[float, float]]:
    """x at the top and at the bottom of each line that is darker than both its sides nearly all the way."""
    height, width = dark.shape
    beside = np.maximum(np.roll(dark, 3, 1), np.roll(dark, -3, 1))
    printed = cv2.dilate(print_, np.ones((3, 3), np.uint8))
    # Of print a part remains unexplained; on it, a line must stand out by more.
    stands_out = dark - beside > thresholds.LINE_DARKER + thresholds.LINE_OF_PRINT * printed
    heavy = printed > thresholds.LINE_HEAVY
    # Printed rules are lines, too, and never come out quite as dark as expected.
    rules = cv2.morphologyEx(print_, cv2.MORPH_TOPHAT, np.ones((1, 5), np.uint8)) > thresholds.LINE_RULE
    rules = cv2.dilate(rules.astype(np.uint8), np.ones((1, 5), np.uint8)) > 0
    known = ~(rules | heavy | np.roll(heavy, 3, 1) | np.roll(heavy, -3, 1))
    short = (width, height // _ROWS)
    shown, looked_at = (
        cv2.resize(mask.astype(np.float32), short, interpolation=cv2.INTER_AREA)
        for mask in (stands_out & known, known)
    )
    least = thresholds.LINE_BARE * short[1]
    share = np.stack([_down(shown, n) / np.maximum(_down(looked_at, n), least) for n in slants])
    edge = round(thresholds.PAPER_EDGE_MM)
    share[:, :edge] = share[:, width - edge :] = 0.0
    while True:
        n, x = np.unravel_index(int(share.argmax()), share.shape)
        if share[n, x] < thresholds.LINE_LENGTH:
            return
        slant = float(slants[n])
        top, bottom = x + 0.5 - slant / 2, x + 0.5 + slant / 2
        if _reaches_edge(shown, top) or _reaches_edge(shown[::-1], bottom):
            yield top * _MM, bottom * _MM
        share[:, max(x - 4, 0) : x + 5] = 0.0


def _reaches_edge(shown: NDArray[Any], x: float) -> bool:
    """Whether a line at column `x` goes on into the margin at the top of what is `shown` of it: what people
    strike out they strike out between the margins. One end is enough: corners are torn, edges shadowed."""
    margin = slice(*(round(mm / _ROWS) for mm in thresholds.LINE_MARGIN_MM))
    seen = shown[margin, max(int(x) - 1, 0) : int(x) + 2]
    return bool(seen.size and seen.max(1).mean() >= thresholds.LINE_LENGTH)


def _down(picture: NDArray[Any], slant: float) -> NDArray[np.float32]:
    """Sums along lines that move by `slant` px from top to bottom; the line's x is that of its middle."""
    height, width = picture.shape
    shear = np.array([[1.0, slant / height, -slant / 2], [0.0, 1.0, 0.0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    straight = cv2.warpAffine(picture, shear, (width, height), flags=flags)
    return np.asarray(straight.sum(0), np.float32)


# --- lightening -----------------------------------------------------------------------------------


def _lighten(scan: Image, page: RegisteredPage, line: Points) -> None:
    """Gives back to the scan what the line takes from it; changes `scan`.

    How dark the line is comes from its own length, by the median over some millimetres: strokes and
    print that cross it are shorter.
    """
    steps = np.linspace(0.0, 1.0, 400)[:, None]
    places = page.where(line[0] + steps * (line[1] - line[0]))
    upright = np.ptp(places[:, 1]) >= np.ptp(places[:, 0])
    picture = scan if upright else scan.swapaxes(0, 1)
    rows, middle = _course(picture, places if upright else places[:, ::-1], page.px_per_mm)
    half = round(thresholds.LINE_HALF_MM * page.px_per_mm)
    far = round(1.5 * half) + 1
    inside = (middle - far >= 0) & (middle + far + 1 < picture.shape[1])
    rows, middle = rows[inside], middle[inside]
    if not len(rows):
        return
    strip = _beside(picture, rows, middle, np.arange(-half, half + 1))
    sides = _beside(picture, rows, middle, np.array([-far, far]))
    # A crease has its light and its dark side: between them the paper's tone slopes.
    slope = np.linspace(0.0, 1.0, strip.shape[1]).reshape(1, -1, *[1] * (picture.ndim - 2))
    paper = sides[:, :1] * (1 - slope) + sides[:, 1:] * slope
    window = max(round(thresholds.LINE_WINDOW_MM * page.px_per_mm), 3)
    share = (strip / np.maximum(paper, 1.0)).astype(np.float32)
    kept = np.clip(_typical(share, window), thresholds.LINE_KEEPS, 1.0)
    start = np.floor(middle).astype(np.intp)
    # What was found between two pixels is given back to both.
    part = (middle - start).reshape(-1, *[1] * (picture.ndim - 1)).astype(np.float32)
    beyond = np.ones_like(kept[:, :1])
    kept = np.concatenate([beyond, kept, beyond], axis=1)
    kept = kept[:, 1:] * (1 - part) + kept[:, :-1] * part
    columns = start[:, None] + np.arange(-half, half + 2)
    whole = picture[rows[:, None], columns].astype(np.float32)
    picture[rows[:, None], columns] = np.clip(whole / kept, 0, 255).astype(np.uint8)


def _beside(
    picture: Image, rows: NDArray[np.intp], middle: NDArray[np.float64], offsets: NDArray[np.intp]
) -> NDArray[np.float32]:
    """The picture at some px from a place between two pixels in each row."""
    start = np.floor(middle).astype(np.intp)
    part = (middle - start).reshape(-1, *[1] * (picture.ndim - 1)).astype(np.float32)
    columns = start[:, None] + offsets
    left, right = (picture[rows[:, None], columns + n].astype(np.float32) for n in (0, 1))
    return np.asarray(left * (1 - part) + right * part, np.float32)


def _course(picture: Image, places: Points, px_per_mm: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The rows that a line crosses, and where it is in each; `places` are on it, roughly, in px."""
    across, along = places[np.argsort(places[:, 1])].T
    rows = np.arange(max(int(along[0]), 0), min(int(along[-1]), len(picture) - 1) + 1)
    middle = np.interp(rows, along, across)
    return rows, _followed(picture, rows, middle, px_per_mm)


def _followed(
    picture: Image, rows: NDArray[np.intp], middle: NDArray[np.float64], px_per_mm: float
) -> NDArray[np.float64]:
    """Where the line is in each row; `middle` is known to some millimetres."""
    reach = round(thresholds.LINE_REACH_MM * px_per_mm)
    nearest = np.round(middle).astype(np.intp)
    columns = np.clip(nearest[:, None] + np.arange(-reach, reach + 1), 0, picture.shape[1] - 1)
    strip = picture[rows[:, None], columns]
    grey = strip[..., 0] if strip.ndim == 3 else strip
    pieces = np.array_split(np.arange(len(rows)), 12)
    profiles = np.stack([np.median(grey[piece], axis=0) for piece in pieces])
    valleys = cv2.morphologyEx(profiles, cv2.MORPH_BLACKHAT, np.ones((1, max(reach // 2, 3)), np.uint8))
    at = np.array([piece.mean() for piece in pieces])
    offsets = valleys.argmax(1) - reach
    slope = np.median([(offsets[m] - offsets[n]) / (at[m] - at[n]) for n in range(12) for m in range(n)])
    start = np.median(offsets - slope * at)
    return np.asarray(middle + start + slope * np.arange(len(rows)))


def _typical(values: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """The median over `window` rows around each row, worked out at every eighth of a window."""
    step = max(window // 8, 1)
    at = np.arange(0, len(values), step)
    around = np.clip(
        at[:, None] + np.arange(-(window // 2), window // 2 + 1, max(window // 40, 1)), 0, len(values) - 1
    )
    found = np.median(values[around], axis=1)
    nearest = np.minimum(np.round(np.arange(len(values)) / step).astype(int), len(at) - 1)
    return np.asarray(found[nearest], np.float32)
