"""Ink beside the boxes: people ring or underline an option's words, or tick between two boxes.

A network sees whether an option's words are marked. Whatever else is written across the words of a question
that is not answered is only measured: someone may have put it in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds, word_models
from ingest.ink import PageInk, is_only_dots
from ingest.register import READING_MM_PER_PX, Shift
from layouts.model import Area, Box, Layout

_SCALE = 2 * READING_MM_PER_PX
_JOINED_PX, _FRAME_MM = 3, 1.2
"""Gap that is closed in a stroke, twice this; how far around a box its frame may part one, mm."""


@dataclass(frozen=True)
class WordsSeen:
    """marked: option → probability that its words are marked; around: ink beside boxes if none is, mm²."""

    marked: Mapping[str, float] = field(default_factory=dict)
    around: float = 0.0


def measure(
    ink: PageInk, layout: Layout, boxes: Sequence[Box], unmarked: Sequence[Box], shift: Shift
) -> WordsSeen:
    """`boxes` of one question, and those of them that have no mark."""
    marked = word_models.measure(ink, layout, unmarked, shift)
    if len(unmarked) < len(boxes):
        return WordsSeen(marked)
    areas = [area for box in boxes if (area := layout.words_of(box))] or _between(boxes)
    return WordsSeen(marked, ink_on(ink, areas, boxes, shift) if areas else 0.0)


def _between(boxes: Sequence[Box]) -> list[Area]:
    """Where people mark a row of a table without marking one of its boxes."""
    if len(boxes) < 2:
        return []
    first, last = min(boxes, key=lambda box: box.x), max(boxes, key=lambda box: box.x)
    return [(first.x, first.y, last.x + last.w - first.x, first.h)]


def ink_on(ink: PageInk, areas: Sequence[Area], boxes: Sequence[Box], shift: Shift) -> float:
    """Ink on the printed words `areas` of one question that belongs to none of its `boxes`, mm².

    What only reaches in from beyond, or runs through, is not about these words: another question's tick.
    """
    margin, own = thresholds.WORDS_MARGIN_MM, [box.area for box in boxes]
    x, y = min(area[0] for area in areas) - margin, min(area[1] for area in areas) - margin
    right = min(max(x + w for x, _, w, _ in areas) + margin, ink.page.frame.width - thresholds.PAPER_EDGE_MM)
    width, height = right - x, max(y + h for _, y, _, h in areas) + margin - y
    _, off_print, _ = ink.strokes_in((x, y, width, height), _SCALE, shift)
    count, labels, stats = _strokes(off_print, [_window(box, x, y, _FRAME_MM) for box in own])

    def inked(places: Sequence[Area] | None = None) -> NDArray[np.float64]:
        """How much of each mark lies within `places`, or at all, mm²."""
        mask = np.full(labels.shape, places is None)
        for area in places or ():
            mask[_window(area, x, y)] = True
        found = np.bincount(labels[mask & off_print], minlength=count)
        return np.asarray(found * _SCALE * _SCALE, np.float64)

    sizes = inked()
    about = sizes >= thresholds.AROUND_SPECK_MM2
    about &= inked([_grown(area) for area in areas]) >= thresholds.ON_WORDS * sizes
    # A ring around words may touch the tick of another box; no tick is as wide as both.
    wide = stats[:, cv2.CC_STAT_WIDTH] * _SCALE >= thresholds.WIDER_THAN_TICK_MM
    about &= wide | (inked(own) < thresholds.MARK_IN_BOX * sizes)
    # Of what reaches in from other lines only a tip lies on the words themselves.
    tips = np.isin(np.arange(count), np.union1d(labels[0], labels[-1]))
    about &= ~tips | (inked(areas) >= thresholds.MOSTLY_ON_WORDS * sizes)
    # What leaves the picture on two sides runs through: a block that is struck out.
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    about[sum(np.isin(np.arange(count), side).astype(int) for side in sides) >= 2] = False
    about[0] = False
    if is_only_dots(about[labels] & off_print, _SCALE):
        return 0.0
    return round(float(sizes[about].sum()), 2)


def _strokes(
    mask: NDArray[np.bool_], frames: Sequence[tuple[slice, slice]]
) -> tuple[int, NDArray[Any], NDArray[Any]]:
    """Connected ink: how many, the labels, OpenCV's statistics. A tick is in pieces where it crosses its
    box's frame; there, what lies close together is one."""
    near = np.zeros(mask.shape, bool)
    for frame in frames:
        near[frame] = True
    joined = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=_JOINED_PX)
    both = (mask | ((joined > 0) & near)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=8)
    return count, labels, stats


def _window(area: Area, x: float, y: float, more: float = 0.0) -> tuple[slice, slice]:
    """Rows and columns of an area in a picture that begins at x, y; grown by `more` mm."""
    left, top, w, h = area[0] - x - more, area[1] - y - more, area[2] + 2 * more, area[3] + 2 * more
    rows, columns = (
        slice(max(round(start / _SCALE), 0), max(round((start + length) / _SCALE), 0))
        for start, length in ((top, h), (left, w))
    )
    return rows, columns


def _grown(area: Area) -> Area:
    """The room in which a ring around words, or a line under them, is drawn."""
    x, y, w, h = area
    beside, above, below = thresholds.ABOUT_WORDS_MM
    return x - beside, y - above, w + 2 * beside, h + above + below
