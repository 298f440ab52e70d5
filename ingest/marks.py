"""Marks in checkboxes: what is measured of each box, and what that says.

Every box gets a quick look: new ink in it and around it, and whether its printed frame is there. Only
where there is ink it gets a close one: aligned to a fraction of a stroke, with the shape of the stroke
that touches it. The features are stored; `classify` turns them into probabilities, so that a better
model can judge old measurements.

Patches are scaled so that a box is `BOX_PX` wide; the checkboxes of a page are all of one size.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.ink import Ink, PageInk, darker, smooth
from ingest.model import BoxSeen, Image
from ingest.register import Shift
from layouts.model import Box

BOX_PX = 32
QUICK_PX = 2 * BOX_PX
CLOSE_PX = 3 * BOX_PX
CLASSES = ("empty", "marked", "filled", "stray")
"""`filled`: solid black. A mark by itself, a correction when another option of the question is marked."""

MOST_SIGMAS = 6.0
"""Standard deviations to which a feature counts: beyond, the model has seen nothing."""
_INSET = 3
"""Px from a box's edge to what counts as its inside: the frame's line and its play, 0.4 mm."""
_RING = 12
"""Px around a box that are looked at with it: 1.5 mm, less than to the next line of boxes (1.8 mm)."""
QUICK = ("inside", "ring", "print")
CLOSE = (
    "fill", "dark", "peak", "texture", "edge", "thick", "cells", "least_cell", "most_cell", "wide", "high",
    "around", "sides", "own", "size", "reach", "left", "top", "right", "bottom", "off", "other_box", "leaves",
    "hollow", "slender", "noise", "gain", "scale",
)  # fmt: skip


@dataclass(frozen=True)
class MarksSeen:
    """The boxes of one field, in the layout's order, and how its print lay."""

    boxes: tuple[BoxSeen, ...]
    shift_mm: Shift
    residual_mm: float
    ink: float


def measure(ink: PageInk, boxes: Sequence[Box]) -> Mapping[str, MarksSeen]:
    """Field key → its boxes as seen. `boxes` are all checkboxes of the page."""
    if not boxes:
        return {}
    shifts = dict.fromkeys((box.field for box in boxes), (0.0, 0.0))
    quick = _quick_look(ink, boxes, shifts)
    astray = _astray(boxes, quick)
    if astray:
        shifts |= _field_shifts(ink, boxes, astray)
        again = [n for n, box in enumerate(boxes) if box.field in astray]
        for n, better in zip(again, _quick_look(ink, [boxes[n] for n in again], shifts), strict=True):
            quick[n] = better
    inked = [n for n, look in enumerate(quick) if _is_inked(look)]
    close = dict(zip(inked, _close_looks(ink, boxes, inked, shifts, quick), strict=True))
    seen, moved = defaultdict(list), defaultdict(list)
    for n, (box, look) in enumerate(zip(boxes, quick, strict=True)):
        features, offset = close.get(n, ({}, (0.0, 0.0)))
        rounded = {name: round(float(value), 3) for name, value in (look | features).items()}
        seen[box.field].append(BoxSeen(box.option, None, rounded))
        moved[box.field].append(offset)
    return {
        field: MarksSeen(
            tuple(looks),
            shifts[field],
            _residual(moved[field]),
            round(float(np.mean([look.features["inside"] for look in looks])), 4),
        )
        for field, looks in seen.items()
    }


def _is_inked(look: Mapping[str, float]) -> bool:
    return (
        look["inside"] > thresholds.QUICK_INSIDE
        or look["ring"] > thresholds.QUICK_RING
        or look["print"] < thresholds.QUICK_PRINT
    )


def _residual(moved: Sequence[Shift]) -> float:
    return round(max(float(np.hypot(*shift)) for shift in moved), 3)


# --- the quick look -------------------------------------------------------------------------------


def _quick_look(ink: PageInk, boxes: Sequence[Box], shifts: Mapping[str, Shift]) -> list[dict[str, float]]:
    """Vectorised over all boxes: patches one above the other, as one tall picture."""
    moved = np.array([shifts[box.field] for box in boxes])
    seen, print_ = (stack.reshape(-1, QUICK_PX) for stack in _patches(ink, boxes, QUICK_PX, moved))
    paper = ink.paper_at(_centres(boxes)).repeat(QUICK_PX)[:, None]
    found = smooth(darker(seen, ink.expected(print_, paper))) > ink.floor
    stack = found.reshape(len(boxes), QUICK_PX, QUICK_PX)
    frame = ink.print_found(seen, print_, paper).reshape(len(boxes), -1)
    inside = stack[:, *_square(QUICK_PX, -_INSET)].mean((1, 2))
    ring = stack[:, _ring_mask(QUICK_PX)].mean(1)
    return [
        {"inside": float(i), "ring": float(r), "print": float(p)}
        for i, r, p in zip(inside, ring, np.nanmean(frame, 1), strict=True)
    ]


def _patches(
    ink: PageInk, boxes: Sequence[Box], side: int, shifts: NDArray[np.float64], reach: int = 0
) -> tuple[Image, Image]:
    """The scan and the blank around each box; the scan's patches reach farther by `reach` px."""
    centres, scale = _centres(boxes), boxes[0].w / BOX_PX
    return ink.seen_at(centres + shifts, side + 2 * reach, scale), ink.print_at(centres, side, scale)


def _centres(boxes: Sequence[Box]) -> NDArray[np.float64]:
    return np.array([(box.x + box.w / 2, box.y + box.h / 2) for box in boxes])


def _region(box: Box, side: int) -> tuple[float, float, float, float]:
    size = box.w * side / BOX_PX
    return box.x + (box.w - size) / 2, box.y + (box.h - size) / 2, size, size


def _square(side: int, grow: int) -> tuple[slice, slice]:
    """The box in a patch of `side` px, grown by some px."""
    start = (side - BOX_PX) // 2 - grow
    return slice(start, side - start), slice(start, side - start)


@cache
def _ring_mask(side: int) -> NDArray[np.bool_]:
    ring = np.zeros((side, side), bool)
    ring[_square(side, _RING)] = True
    ring[_square(side, _INSET)] = False
    return ring


# --- alignment ------------------------------------------------------------------------------------


def _astray(boxes: Sequence[Box], looks: Sequence[Mapping[str, float]]) -> set[str]:
    """Fields most of whose frames are not where they should be."""
    found = defaultdict(list)
    for box, look in zip(boxes, looks, strict=True):
        found[box.field].append(look["print"])
    return {field for field, shares in found.items() if np.median(shares) < thresholds.QUICK_PRINT}


def _field_shifts(ink: PageInk, boxes: Sequence[Box], fields: set[str]) -> dict[str, Shift]:
    shifts = {}
    for field in fields:
        own = [box for box in boxes if box.field == field]
        x, y = min(box.x for box in own), min(box.y for box in own)
        w, h = max(box.x + box.w for box in own) - x, max(box.y + box.h for box in own) - y
        shifts[field] = ink.page.align_field(x, y, w, h).shift_mm
    return shifts


def _best_offset(seen: Image, expected: Image, reach: int) -> tuple[int, int]:
    """Px by which the print in `seen` is off, ±`reach`: where the least new ink is left.

    `seen` is larger than `expected` on every side, by `reach` at least. Coarse, then fine.
    """
    margin, (height, width) = (seen.shape[0] - expected.shape[0]) // 2, expected.shape

    def left_over(offset: tuple[int, int]) -> float:
        x, y = margin + offset[0], margin + offset[1]
        rest = cv2.subtract(expected, seen[y : y + height, x : x + width])
        return float(cv2.norm(rest, cv2.NORM_L1)) + _OFFSET_COST * (abs(offset[0]) + abs(offset[1]))

    coarse = range(-reach, reach + 1, 2)
    x, y = min(((dx, dy) for dx in coarse for dy in coarse), key=left_over)
    near = ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
    return min((o for o in near if max(abs(o[0]), abs(o[1])) <= reach), key=left_over)


_OFFSET_COST = 60.0
"""Grey levels that one px of offset must save: noise alone moves the minimum."""


# --- the close look -------------------------------------------------------------------------------


def _close_looks(
    ink: PageInk,
    boxes: Sequence[Box],
    chosen: Sequence[int],
    shifts: Mapping[str, Shift],
    quick: Sequence[Mapping[str, float]],
) -> Iterator[tuple[dict[str, float], Shift]]:
    """For each of the `chosen` boxes its close features, and the offset in mm found beyond the shift."""
    if not chosen:
        return
    own, reach = [boxes[n] for n in chosen], thresholds.OFFSET_REACH_PX
    wide, print_ = _patches(ink, own, CLOSE_PX, np.array([shifts[box.field] for box in own]), reach)
    paper = ink.paper_at(_centres(own)).repeat(CLOSE_PX)[:, None]
    expected = ink.expected(print_.reshape(-1, CLOSE_PX), paper)
    offsets = _offsets(wide, expected.reshape(print_.shape), [quick[n]["print"] for n in chosen])
    seen = np.concatenate(
        [
            patch[reach + dy : reach + dy + CLOSE_PX, reach + dx : reach + dx + CLOSE_PX]
            for patch, (dx, dy) in zip(wide, offsets, strict=True)
        ]
    )
    new = smooth(darker(seen, expected))
    found = ink.print_found(seen, print_.reshape(-1, CLOSE_PX), paper).reshape(len(own), -1)
    page_wide = {"noise": 10 * min(ink.noise, 0.1), "gain": ink.gain, "scale": ink.page.px_per_mm / 8}
    centres, scale = _centres(boxes), own[0].w / BOX_PX
    patches = zip(chosen, new.reshape(print_.shape), np.nanmean(found, 1), offsets, strict=True)
    for n, patch, print_share, (dx, dy) in patches:
        features = _shape(patch, patch > ink.floor, _places(centres, n, scale))
        yield features | page_wide | {"print": print_share}, (dx * scale, dy * scale)


def _offsets(wide: Image, expected: Ink, in_place: Sequence[float]) -> list[tuple[int, int]]:
    """Each box's own offset; those whose frame is in place are searched near by only."""
    near, reach = _square(CLOSE_PX, _RING), thresholds.OFFSET_REACH_PX
    around = _square(CLOSE_PX + 2 * reach, _RING + reach)
    levels = np.clip(expected, 0, 255).astype(np.uint8)
    return [
        _best_offset(patch[around], level[near], 2 if share > thresholds.FRAME_IN_PLACE else reach)
        for patch, level, share in zip(wide, levels, in_place, strict=True)
    ]


def _places(centres: NDArray[np.float64], n: int, scale: float) -> list[tuple[slice, slice]]:
    """Where other boxes' insides lie in the close patch of box `n`."""
    off = (centres - centres[n]) / scale
    near = np.flatnonzero((np.abs(off) < CLOSE_PX / 2 + BOX_PX / 2).all(1))
    half, middle = BOX_PX // 2 - _INSET, CLOSE_PX // 2
    return [
        tuple(
            slice(max(round(v) + middle - half, 0), max(round(v) + middle + half, 0))
            for v in off[other][::-1]
        )  # type: ignore[misc]
        for other in near
        if other != n
    ]


def _shape(new: Ink, mask: NDArray[np.bool_], others: Sequence[tuple[slice, slice]]) -> dict[str, float]:
    """The features `CLOSE` of a patch of new ink; all but the first few are in box widths or shares."""
    inner = _square(CLOSE_PX, -_INSET)
    inside = mask[inner]
    main = _main_stroke(mask)
    values = dict.fromkeys(CLOSE, 0.0)
    values["around"] = float(mask[_ring_mask(CLOSE_PX)].mean())
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
        "edge": _sharpness(new, main),
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
    held = np.bincount(labels[_square(CLOSE_PX, -_INSET)].ravel(), minlength=count)
    if not held[1:].any():
        held = np.bincount(labels[_square(CLOSE_PX, _RING)].ravel(), minlength=count)
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
    mask[_square(CLOSE_PX, 2)] = True
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
    return np.where(_ring_mask(CLOSE_PX), sector, -1)


def _sharpness(new: Ink, main: NDArray[np.bool_]) -> float:
    """Mean slope along the stroke's edge over its darkness: pens are sharp, stains are not."""
    band = cv2.morphologyEx(main.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    across, down = cv2.Sobel(new, cv2.CV_32F, 1, 0), cv2.Sobel(new, cv2.CV_32F, 0, 1)
    slope = cv2.magnitude(across, down)[band].mean() / 8
    return float(slope / max(float(new[main].mean()), 0.02))


def _quantile(values: NDArray[Any], share: float) -> float:
    """As np.percentile, without its overhead, which would be half of a box's time."""
    rank = min(int(share * values.size), values.size - 1)
    return float(np.partition(values.ravel(), rank)[rank])


def _thickness(main: NDArray[np.bool_]) -> float:
    """Width of the stroke where it is widest on the whole, in box widths."""
    depth = cv2.distanceTransform(main.astype(np.uint8), cv2.DIST_L2, 3)
    return float(2 * _quantile(depth[main], 0.9)) / BOX_PX


# --- what the features say ------------------------------------------------------------------------


@dataclass(frozen=True)
class MarkModel:
    """A small neural network over some of `QUICK` and `CLOSE`; its outputs are the `CLASSES`."""

    version: str
    features: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    layers: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    empty: tuple[float, ...]
    """Class probabilities of a box that showed nothing at the quick look."""

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, features) → (N, classes)."""
        values = np.clip((features - self.mean) / self.scale, -MOST_SIGMAS, MOST_SIGMAS)
        for weights, bias in self.layers[:-1]:
            values = np.tanh(values @ weights + bias)
        weights, bias = self.layers[-1]
        scores = values @ weights + bias
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True))


@cache
def model() -> MarkModel:
    """The one that ships with zoufang."""
    stored = json.loads(files("ingest").joinpath("models/marks.json").read_text("utf-8"))
    layers = tuple((np.array(layer["weights"]), np.array(layer["bias"])) for layer in stored["layers"])
    return MarkModel(
        stored["version"],
        tuple(stored["features"]),
        np.array(stored["mean"]),
        np.array(stored["scale"]),
        layers,
        tuple(stored["empty"]),
    )


def classify(seen: BoxSeen) -> Mapping[str, float]:
    """Class → probability."""
    if "fill" not in seen.features:
        return dict(zip(CLASSES, model().empty, strict=True))
    found = model().probabilities(vector(seen.features, model().features)[None])[0]
    return dict(zip(CLASSES, map(float, found), strict=True))


def vector(features: Mapping[str, float], names: Sequence[str] = (*QUICK, *CLOSE)) -> NDArray[np.float64]:
    """The features in the order of `names`; measurements from before a feature was known have 0 there."""
    return np.array([features.get(name, 0.0) for name in names])
