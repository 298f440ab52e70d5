"""Ink on the words behind the boxes: people ring or underline an option instead of ticking its box."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.ink import PageInk, smooth, without_residue
from ingest.register import READING_MM_PER_PX, Shift
from layouts.model import Area, Box

_SCALE = 2 * READING_MM_PER_PX


def ink_on(ink: PageInk, areas: Sequence[Area], boxes: Sequence[Box], shift: Shift) -> float:
    """Ink on the printed words `areas` of one question that belongs to none of its `boxes`, mm².

    What only reaches in from beyond, or runs through, is not about these words: another question's tick,
    a block struck out with one line.
    """
    margin = thresholds.WORDS_MARGIN_MM
    x, y = min(area[0] for area in areas) - margin, min(area[1] for area in areas) - margin
    right = min(max(x + w for x, _, w, _ in areas) + margin, ink.page.frame.width - thresholds.PAPER_EDGE_MM)
    width, height = right - x, max(y + h for _, y, _, h in areas) + margin - y
    new = smooth(ink.in_region(x, y, width, height, _SCALE, shift)) > ink.floor
    print_ = ink.page.blank_patch(x, y, width, height, _SCALE)
    # Where grey print came out black, what is left of it is as broad as a pen's stroke.
    most = thresholds.AROUND_RESIDUE_PX if ink.gain < thresholds.BLACK_PRINT_GAIN else new.shape[0]
    off_print = without_residue(new, print_, most, beside_px=1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(off_print.astype(np.uint8), connectivity=8)

    def within(places: Sequence[Area]) -> NDArray[np.float64]:
        """How much of each stroke lies within `places`, px."""
        mask = np.zeros(labels.shape, bool)
        for left, top, w, h in places:
            columns = slice(max(round((left - x) / _SCALE), 0), max(round((left + w - x) / _SCALE), 0))
            mask[max(round((top - y) / _SCALE), 0) : round((top + h - y) / _SCALE), columns] = True
        return np.bincount(labels[mask], minlength=len(stats)).astype(np.float64)

    areas_px = stats[:, cv2.CC_STAT_AREA]
    about = areas_px * _SCALE * _SCALE >= thresholds.AROUND_SPECK_MM2
    about &= stats[:, cv2.CC_STAT_WIDTH] * _SCALE < thresholds.STRUCK_MM
    about &= within([_grown(area) for area in areas]) >= thresholds.ON_WORDS * areas_px
    about &= within([(box.x, box.y, box.w, box.h) for box in boxes]) < thresholds.MARK_IN_BOX * areas_px
    about[np.union1d(labels[0], labels[-1])] = False
    about[0] = False
    return round(float(areas_px[about].sum()) * _SCALE * _SCALE, 2)


def _grown(area: Area) -> Area:
    """The room in which a ring around words, or a line under them, is drawn."""
    x, y, w, h = area
    beside, above, below = thresholds.ABOUT_WORDS_MM
    return x - beside, y - above, w + 2 * beside, h + above + below
