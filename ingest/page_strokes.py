"""The pen strokes of a page as a whole: what ends beside one field may begin in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.ink import PageInk, smooth
from ingest.register import READING_MM_PER_PX
from layouts.model import Area

_SCALE = 3 * READING_MM_PER_PX
"""mm per px: about half as broad again as a fine pen."""
_NEAR = np.ones((3, 3), np.uint8)
"""So small a gap is closed in a stroke: where it crosses a frame, part of it is taken for the frame's."""
_NOBODY = -1


@dataclass(frozen=True)
class PageStrokes:
    """labels  which stroke each px of `_SCALE` mm belongs to; 0: none
    mm2, mm    by label, how much ink a stroke has, and how long its longer side is; of print's remains 0
    places     fields that are written in
    owner      by label, in which of `places` most of the stroke lies, -1: in none
    ticks      by label, whether the stroke runs through a checkbox
    crossed    whether a line runs far across the page and aslant: who crosses a page out draws such ones
    """

    labels: NDArray[Any]
    mm2: NDArray[np.float64]
    mm: NDArray[np.float64]
    places: tuple[str, ...]
    owner: NDArray[np.intp]
    ticks: NDArray[np.bool_]
    crossed: bool = False

    @staticmethod
    def of(ink: PageInk, places: Mapping[str, Area], checkboxes: Sequence[Area] = ()) -> PageStrokes:
        """`places`: field key → where it is written in, mm."""
        new = smooth(ink.in_region(*_whole(ink), _SCALE)) > ink.floor
        joined = cv2.morphologyEx(new.astype(np.uint8), cv2.MORPH_CLOSE, _NEAR)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        labels *= new
        px = np.bincount(labels.ravel(), minlength=count).astype(np.float64)
        sides = stats[:, (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT)]
        on_print = np.bincount(labels[_near_print(ink)], minlength=count) / np.maximum(px, 1)
        residue = ink.is_residue(sides.min(1) * _SCALE, on_print)
        residue[0] = True
        px[residue] = 0.0
        longer = np.where(residue, 0.0, sides.max(1) * _SCALE)
        large = sides.min(1) * _SCALE >= thresholds.CROSSING_PIECE_MM
        large &= ~residue & (px < thresholds.CROSSING_FILL * sides.prod(1))
        crossed = bool(large.any()) and _is_crossed(~residue[labels])
        owner = _owners(labels, px, places)
        ticks = _through(labels, px > 0, checkboxes)
        return PageStrokes(labels, px * _SCALE**2, longer, tuple(places), owner, ticks, crossed)

    def within(self, area: Area) -> NDArray[Any]:
        """The labels in an area, mm."""
        return self.labels[_window(area)]

    def ticks_in(self, area: Area) -> float:
        """How much ink of strokes that run through a checkbox lies in an area, mm²."""
        return float(self.ticks[self.within(area)].sum()) * _SCALE**2

    def leads_to_tick(self, start: tuple[float, float], way: tuple[float, float], beyond: float) -> bool:
        """Whether within `beyond` mm of a place, mm, along a way down, a stroke through a checkbox ends that
        came from there: its upper end lies in line, and it goes on as steeply."""
        x, y = (round(v / _SCALE) for v in start)
        reach, along = round(beyond / _SCALE), np.array(way)
        left = max(x - reach, 0)
        ahead = self.labels[y : y + reach, left : x + reach]
        for label in np.unique(ahead[self.ticks[ahead]]):
            points = np.argwhere(ahead == label)[:, ::-1] + (left - x, 0)
            top = points[0]
            aside = abs(float(top[0] * along[1] - top[1] * along[0]))
            arm = points[np.linalg.norm(points - top, axis=1) <= thresholds.TAIL_ARM_MM / _SCALE]
            goes_on = arm.mean(0) - top
            length = float(np.linalg.norm(goes_on))
            alike = length > 0 and float(goes_on @ along) >= thresholds.TAIL_ALIKE * length
            if aside * _SCALE <= thresholds.TAIL_ASIDE_MM and alike:
                return True
        return False

    def longest_in(self, area: Area) -> float:
        """Length of the stroke that inks most of an area, mm; 0 where there is none."""
        here = np.bincount(self.within(area).ravel(), minlength=len(self.mm)) * (self.mm2 > 0)
        return float(self.mm[here.argmax()]) if here.any() else 0.0

    def loose_share(self, around: Area, content: tuple[float, float, float, float]) -> float:
        """Share of an area that is inked by strokes that belong to no field and run through no box, as far as
        it lies in the `content` of the page (left, top, right, bottom), mm."""
        x, y, w, h = around
        left, top = max(x, content[0]), max(y, content[1])
        right, bottom = min(x + w, content[2]), min(y + h, content[3])
        loose = (self.owner == _NOBODY) & (self.mm2 > 0) & ~self.ticks
        return float(loose[self.within((left, top, right - left, bottom - top))].mean())

    def of_another(self, field: str, area: Area, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Where in an area, mm, there are strokes that lie mostly elsewhere than in `field`, as a picture of
        `shape`."""
        theirs = (self.owner != self.places.index(field)) & (self.mm2 > 0)
        return _enlarged(theirs[self.within(area)], shape)

    def of_others(self, field: str, inside: Area, area: Area, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Where in an area, mm, there are strokes of other places than `field`, as a picture of `shape`; but
        what has a good part `inside`, where the field is written, is its own as well."""
        theirs = (self.owner != _NOBODY) & (self.owner != self.places.index(field))
        here = np.bincount(self.within(inside).ravel(), minlength=len(theirs)) * _SCALE**2
        theirs[here >= thresholds.DIGIT_LEAST_MM2] = False
        return _enlarged(theirs[self.within(area)], shape)


def _enlarged(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """`mask` as a picture of `shape`, a little broader: a stroke's rim is so in a closer look."""
    if not mask.any():
        return np.zeros(shape, bool)
    grown = cv2.dilate(mask.astype(np.uint8), _NEAR)
    return cv2.resize(grown, shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def _through(
    labels: NDArray[Any], strokes: NDArray[np.bool_], checkboxes: Sequence[Area]
) -> NDArray[np.bool_]:
    """Which of the `strokes` run through a checkbox, by label."""
    through = np.zeros(len(strokes), bool)
    for area in checkboxes:
        through[labels[_window(area)]] = True
    return through & strokes


def _whole(ink: PageInk) -> Area:
    return 0.0, 0.0, ink.page.frame.width, ink.page.frame.height


def _near_print(ink: PageInk) -> NDArray[np.bool_]:
    printed = ink.page.blank_patch(*_whole(ink), _SCALE) < thresholds.RULED_GREY
    return cv2.dilate(printed.astype(np.uint8), _NEAR) > 0


def _is_crossed(pen: NDArray[np.bool_]) -> bool:
    """Whether a thin line runs far across the page and aslant, be it broken where print hides it: shadows are
    broad, creases and the paper's edges lie straight, rims of stains are round."""
    broad = np.ones((round(thresholds.CROSSING_THICK_MM / _SCALE),) * 2, np.uint8)
    thin = pen & (cv2.morphologyEx(pen.astype(np.uint8), cv2.MORPH_OPEN, broad) == 0)
    length, gap = (round(mm / _SCALE) for mm in (thresholds.CROSSING_MM, thresholds.CROSSING_GAP_MM))
    found = cv2.HoughLinesP(thin.astype(np.uint8), 1, np.pi / 720, length // 4, None, length, gap)
    if found is None:
        return False
    across, down = np.abs(found[:, 0, 2:] - found[:, 0, :2]).T
    return bool((np.minimum(across, down) >= thresholds.CROSSING_SLANT * np.maximum(across, down)).any())


def _window(area: Area) -> tuple[slice, slice]:
    x, y, w, h = area
    spans = ((y, y + h), (x, x + w))
    rows, columns = (slice(max(round(a / _SCALE), 0), max(round(b / _SCALE), 0)) for a, b in spans)
    return rows, columns


def _owners(labels: NDArray[Any], px: NDArray[np.float64], places: Mapping[str, Area]) -> NDArray[np.intp]:
    owner, most = np.full(len(px), _NOBODY), thresholds.STROKE_IS_INSIDE * px
    for n, area in enumerate(places.values()):
        held = np.bincount(labels[_window(area)].ravel(), minlength=len(px))
        mine = held > most
        owner[mine], most[mine] = n, held[mine]
    owner[0] = _NOBODY
    return owner
