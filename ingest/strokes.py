"""The shape of what was drawn in and around one box, in numbers.

Patches are scaled so that a box is `BOX_PX` wide and lies in their middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.ink import Ink

BOX_PX = 32
QUICK_PX = 2 * BOX_PX
CLOSE_PX = 3 * BOX_PX

INSET = 3
"""Px from a box's edge to what counts as its inside: the frame's line and its play, 0.4 mm."""
RING = 12
"""Px around a box that are looked at with it: 1.5 mm, less than to the next line of boxes (1.8 mm)."""
FEATURES = (
    "fill", "dark", "peak", "texture", "edge", "thick", "cells", "least_cell", "most_cell", "wide", "high",
    "around", "sides", "own", "size", "reach", "left", "top", "right", "bottom", "off", "other_box", "leaves",
    "hollow", "slender",
)  # fmt: skip


def square(side: int, grow: int) -> tuple[slice, slice]:
    """The box in a patch of `side` px, grown by some px."""
    start = (side - BOX_PX) // 2 - grow
    return slice(start, side - start), slice(start, side - start)


@cache
def ring_mask(side: int) -> NDArray[np.bool_]:
    ring = np.zeros((side, side), bool)
    ring[square(side, RING)] = True
    ring[square(side, INSET)] = False
    return ring


def features(new: Ink, mask: NDArray[np.bool_], others: Sequence[tuple[slice, slice]]) -> dict[str, float]:
    """`FEATURES` of a patch of new ink, CLOSE_PX square, with the mask of what counts as ink; all but the
    first few are in box widths or shares. `others`: the insides of other boxes in it."""
    inner = square(CLOSE_PX, -INSET)
    inside = mask[inner]
    main = _main_stroke(mask)
    values = dict.fromkeys(FEATURES, 0.0)
    values["around"] = float(mask[ring_mask(CLOSE_PX)].mean())
    values["sides"] = _sides(mask)
    if not main.any():
        return values
    shades = new[inner][inside]
    blocks = inside[:24, :24].reshape(3, 8, 3, 8).mean((1, 3))
    values |= {
        "fill": float(inside.mean()),
        "dark": float(shades.mean()) if shades.size else 0.0,
        "peak": float(_quantile(new[inner], 0.95)),
        "texture": float(shades.std()) if shades.size else 0.0,
        "edge": sharpness(new, slope(new), main),
        "thick": _thickness(main),
        "cells": float((blocks > 0.08).mean()),
        "least_cell": float(blocks.min()),
        "most_cell": float(blocks.max()),
        "wide": float(inside.any(0).mean()),
        "high": float(inside.any(1).mean()),
    }
    return values | _placement(main, inner, others) | _form(main & _box_mask())


def _main_stroke(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected ink with the largest part inside the box, or else around it: rings are marks."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    held = np.bincount(labels[square(CLOSE_PX, -INSET)].ravel(), minlength=count)
    if not held[1:].any():
        held = np.bincount(labels[square(CLOSE_PX, RING)].ravel(), minlength=count)
    held[0] = 0
    if not held.any():
        return np.zeros_like(mask)
    return np.asarray(labels == int(held.argmax()))


def _placement(
    main: NDArray[np.bool_], inner: tuple[slice, slice], others: Sequence[tuple[slice, slice]]
) -> dict[str, float]:
    """Where the stroke lies: a tick that begins in this box, or the tail of another's."""
    rows, columns = np.nonzero(main)
    total = len(rows)
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    middle, own = CLOSE_PX / 2, float(main[inner].sum())
    elsewhere = max((float(main[place].sum()) for place in others), default=0.0)
    all_boxes = max(elsewhere + own, 1.0)
    return {
        "own": own / total,
        "size": total / BOX_PX**2,
        "reach": max(right - left, bottom - top) / BOX_PX,
        "left": (left - middle) / BOX_PX,
        "top": (top - middle) / BOX_PX,
        "right": (right - middle) / BOX_PX,
        "bottom": (bottom - middle) / BOX_PX,
        "off": float(np.hypot(columns.mean() - middle, rows.mean() - middle)) / BOX_PX,
        "other_box": elsewhere / all_boxes,
        "leaves": float(min(left, top) == 0 or max(right, bottom) == CLOSE_PX - 1),
    }


def _form(main: NDArray[np.bool_]) -> dict[str, float]:
    """Of the part within the box: how much of its hull is bare, and how thin it is for its length."""
    points = np.argwhere(main)[:, ::-1].astype(np.float32)
    if len(points) < 6:
        return {}
    hull = max(cv2.contourArea(cv2.convexHull(points)), 1.0)
    spread = np.linalg.eigvalsh(np.cov(points.T))
    return {
        "hollow": max(0.0, 1.0 - len(points) / hull),
        "slender": 1.0 - float(np.sqrt(max(spread[0], 0.0) / max(spread[1], 1e-6))),
    }


@cache
def _box_mask() -> NDArray[np.bool_]:
    mask = np.zeros((CLOSE_PX, CLOSE_PX), bool)
    mask[square(CLOSE_PX, 2)] = True
    return mask


def _sides(mask: NDArray[np.bool_]) -> float:
    """Share of the eight directions from the box in which its ring has ink: 1 for a circle around it."""
    sectors = _sectors()
    hit = np.bincount(sectors[mask & (sectors >= 0)], minlength=8)
    return float((hit > 4).mean())


@cache
def _sectors() -> NDArray[np.int64]:
    """0 to 7 by direction from the box's centre, -1 outside its ring."""
    y, x = np.mgrid[:CLOSE_PX, :CLOSE_PX] - (CLOSE_PX - 1) / 2
    sector = np.floor((np.arctan2(y, x) + np.pi) / (np.pi / 4)).astype(np.int64) % 8
    return np.where(ring_mask(CLOSE_PX), sector, -1)


def slope(new: Ink) -> Ink:
    """How fast darkness changes at each px, per px."""
    across, down = cv2.Sobel(new, cv2.CV_32F, 1, 0), cv2.Sobel(new, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down) / 8, np.float32)


def sharpness(new: Ink, steep: Ink, main: NDArray[np.bool_]) -> float:
    """Mean slope `steep` along a stroke's edge over its darkness: pens are sharp, stains are not."""
    band = cv2.morphologyEx(main.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    return float(steep[band].mean() / max(float(new[main].mean()), 0.02))


def sharpness_of_each(new: Ink, labels: NDArray[Any], count: int) -> NDArray[np.float64]:
    """The same of every connected piece of ink, by its label, at the inner side of its edge."""
    mask = labels > 0
    edge = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)

    def mean(values: NDArray[Any], where: NDArray[np.bool_]) -> NDArray[np.float64]:
        on = labels[where]
        sums = np.bincount(on, values[where], minlength=count)
        return np.asarray(sums / np.maximum(np.bincount(on, minlength=count), 1))

    return mean(slope(new), edge) / np.maximum(mean(new, mask), 0.02)


def _quantile(values: NDArray[Any], share: float) -> float:
    """As np.percentile, without its overhead, which would be half of a box's time."""
    rank = min(int(share * values.size), values.size - 1)
    return float(np.partition(values.ravel(), rank)[rank])


def _thickness(main: NDArray[np.bool_]) -> float:
    """Width of the stroke where it is widest on the whole, in box widths."""
    depth = cv2.distanceTransform(main.astype(np.uint8), cv2.DIST_L2, 3)
    return float(2 * _quantile(depth[main], 0.9)) / BOX_PX
