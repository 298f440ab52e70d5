"""Writing too faint to be read: hard pencil, pens that run dry, what a copier has left of either.

Below the darkness that counts as ink lie JPEG's ringing, print of the back and shades of the paper, too; so
nothing is read there. But a place is not called blank without a person where strokes show.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.ink import PageInk, smooth
from layouts.model import Area

_SCALE = 0.19
"""mm per px: half of a fine pen's width."""


def strokes_mm2(ink: PageInk, area: Area) -> float:
    """How much of an area, mm, faint strokes cover, mm²."""
    new = smooth(ink.in_region(*area, _SCALE))
    reach = 2 * round(thresholds.FAINT_BESIDE_PRINT_MM / _SCALE) + 1
    printed = ink.page.blank_patch(*area, _SCALE) < thresholds.RULED_GREY
    near_print = cv2.dilate(printed.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    mask = ((new > ink.faint_floor) & ~near_print).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count == 1:
        return 0.0
    _, _, width, height, px = stats.T
    long = np.maximum(width, height) * _SCALE >= thresholds.FAINT_MM
    # A streak or a crease runs through all of the place; the shade of a fold is broad.
    rows, columns = mask.shape
    through = (height >= thresholds.FAINT_THROUGH * rows) | (width >= thresholds.FAINT_THROUGH * columns)
    through &= np.minimum(width, height) * _SCALE <= thresholds.FAINT_THICK_MM
    inked: NDArray[np.intp] = labels[mask > 0].astype(np.intp)
    depth = np.zeros(count)
    np.maximum.at(depth, inked, cv2.distanceTransform(mask, cv2.DIST_L2, 3)[mask > 0])
    thin = 2 * depth * _SCALE <= thresholds.FAINT_THICK_MM
    strokes = long & thin & ~through
    strokes[0] = False
    return round(float(px[strokes].sum()) * _SCALE**2, 2)
