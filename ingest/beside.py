"""Strokes beside the boxes that go through no marked one: a tick that missed its box, a ring wider than it.

They are followed over the page as a whole, for what ends beside one box may begin in another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.ink import PageInk
from ingest.register import READING_MM_PER_PX
from layouts.model import Area, Box

_SCALE = 2 * READING_MM_PER_PX
_JOINED_PX = 3
"""Gap that is closed in a stroke: where it crosses a frame, part of it is taken for the frame's."""


@dataclass(frozen=True)
class Strokes:
    """The pen strokes of a page: `labels` number them, one px for `_SCALE` mm; 0 is where there is none.
    By label, how many mm² they have, and how long their longer side is, mm."""

    labels: NDArray[Any]
    mm2: NDArray[np.float64]
    mm: NDArray[np.float64]

    @staticmethod
    def of(ink: PageInk) -> Strokes:
        frame = ink.page.frame
        _, pen, _ = ink.strokes_in((0.0, 0.0, frame.width, frame.height), _SCALE)
        joined = cv2.morphologyEx(
            pen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((_JOINED_PX, _JOINED_PX), np.uint8)
        )
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        labels[~pen] = 0
        mm2 = np.bincount(labels.ravel(), minlength=count).astype(np.float64) * _SCALE * _SCALE
        longer = stats[:, (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT)].max(1) * _SCALE
        mm2[0] = longer[0] = 0.0
        return Strokes(labels, mm2, longer)

    def within(self, area: Area) -> NDArray[Any]:
        """The labels in an area, mm."""
        x, y, w, h = area
        rows, columns = (
            slice(max(round(a / _SCALE), 0), max(round((a + b) / _SCALE), 0)) for a, b in ((y, h), (x, w))
        )
        return self.labels[rows, columns]


def measure(
    ink: PageInk, boxes: Sequence[Box], marked: Sequence[bool], others: Sequence[Box]
) -> Mapping[Box, float]:
    """How much ink beside each of `boxes` is nobody's, mm², where there is any. `boxes` are all checkboxes of
    a page, `marked` which of them are; `others` are its places to write."""
    strokes = Strokes.of(ink)
    theirs = [
        strokes.within((box.x, box.y, box.w, box.h)) for box, on in zip(boxes, marked, strict=True) if on
    ]
    claimed = [*(np.unique(labels) for labels in theirs), _written(strokes, others), np.zeros(1, np.intp)]
    free = (strokes.mm2 >= thresholds.BESIDE_MM2) & (strokes.mm >= thresholds.BESIDE_MM)
    free[np.concatenate(claimed)] = False
    found = {}
    for box, on in zip(boxes, marked, strict=True):
        near = np.unique(strokes.within(_around(box)))
        nobodys = near[free[near]]
        if len(nobodys) and not on:
            found[box] = round(float(strokes.mm2[nobodys].max()), 2)
    return found


def _around(box: Box) -> Area:
    reach = thresholds.BESIDE_REACH_MM
    return box.x - reach, box.y - reach, box.w + 2 * reach, box.h + 2 * reach


def _written(strokes: Strokes, places: Sequence[Box]) -> NDArray[np.intp]:
    """The strokes of which most lies in places to write."""
    count = len(strokes.mm2)
    held = np.zeros(count)
    above, below = thresholds.TEXT_ABOVE_MM, thresholds.TEXT_BELOW_MM
    for box in places:
        there = strokes.within((box.x, box.y - above, box.w, box.h + above + below))
        held += np.bincount(there.ravel(), minlength=count)
    return np.flatnonzero(held * _SCALE * _SCALE >= 0.5 * np.maximum(strokes.mm2, 1e-9))
