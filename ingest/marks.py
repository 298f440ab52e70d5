"""Marks in checkboxes: what is measured of each box.

Every box gets a quick look: new ink in it and around it, and whether its printed frame is there. Only
where there is ink it gets a close one: aligned to a fraction of a stroke, with the shape of the stroke
that touches it, and what a network says of its look. All this is stored; `ingest.mark_models` turns it
into probabilities. The checkboxes of a page are all of one size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import mark_models, strokes, thresholds
from ingest.ink import Ink, PageInk, darker, smooth
from ingest.model import BoxSeen, Image
from ingest.register import Shift
from ingest.strokes import BOX_PX, CLOSE_PX, INSET, QUICK_PX, RING, ring_mask, square
from layouts.model import Box, bounds


@dataclass(frozen=True)
class MarksSeen:
    """The boxes of one field, in the layout's order, and how its print lay."""

    boxes: tuple[BoxSeen, ...]
    shift_mm: Shift
    residual_mm: float
    ink: float


@dataclass(frozen=True)
class CloseLook:
    """Some boxes in patches around them, (N, CLOSE_PX, CLOSE_PX): what is new there and the blank's print.

    chosen       their places in the list of boxes
    print_share  share of the box's frame, and other print around it, that was found
    moved_mm     each box's own offset beyond its field's shift
    """

    chosen: Sequence[int]
    new: Ink
    print_: Image
    print_share: NDArray[np.float32]
    moved_mm: Sequence[Shift]


def measure(ink: PageInk, boxes: Sequence[Box]) -> Mapping[str, MarksSeen]:
    """Field key → its boxes as seen. `boxes` are all checkboxes of the page."""
    if not boxes:
        return {}
    shifts, quick, close = look(ink, boxes)
    features_of = {
        n: features | looks
        for n, features, looks in zip(close.chosen, drawn(ink, boxes, close), _by_look(close), strict=True)
    }
    moved_by = dict(zip(close.chosen, close.moved_mm, strict=True))
    seen, moved = defaultdict(list), defaultdict(list)
    for n, (box, features) in enumerate(zip(boxes, quick, strict=True)):
        seen[box.field].append(BoxSeen(box.option, None, _rounded(features | features_of.get(n, {}))))
        moved[box.field].append(moved_by.get(n, (0.0, 0.0)))
    return {
        field: MarksSeen(
            tuple(looks),
            shifts[field],
            _residual(moved[field]),
            round(float(np.mean([look.features["inside"] for look in looks])), 4),
        )
        for field, looks in seen.items()
    }


def look(ink: PageInk, boxes: Sequence[Box]) -> tuple[Mapping[str, Shift], list[dict[str, float]], CloseLook]:
    """Where each field lies, the quick look at each box, and the close one at those with ink."""
    shifts = dict.fromkeys((box.field for box in boxes), (0.0, 0.0))
    quick = _quick_look(ink, boxes, shifts)
    astray = _astray(boxes, quick)
    if astray:
        shifts |= _field_shifts(ink, boxes, astray)
        again = [n for n, box in enumerate(boxes) if box.field in astray]
        for n, better in zip(again, _quick_look(ink, [boxes[n] for n in again], shifts), strict=True):
            quick[n] = better
    inked = [n for n, features in enumerate(quick) if _is_inked(features)]
    return shifts, quick, _close_look(ink, boxes, inked, shifts, quick)


def _rounded(features: Mapping[str, float]) -> dict[str, float]:
    return {
        name: round(float(value), 5 if name in (*mark_models.BY_LOOK, "faint") else 3)
        for name, value in features.items()
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
    new = smooth(darker(seen, ink.expected(print_, paper)))
    stack = (new > ink.floor).reshape(len(boxes), QUICK_PX, QUICK_PX)
    faint, bare = (new > ink.faint_floor).reshape(stack.shape), (print_ >= thresholds.RULED_GREY)
    faint = _without_streaks(faint, bare.reshape(stack.shape))[:, *square(QUICK_PX, -INSET)]
    frame = ink.print_found(seen, print_, paper).reshape(len(boxes), -1)
    inside = stack[:, *square(QUICK_PX, -INSET)].mean((1, 2))
    ring = stack[:, ring_mask(QUICK_PX)].mean(1)
    return [
        {"inside": float(i), "ring": float(r), "print": float(p), "faint": float(f)}
        for i, r, p, f in zip(inside, ring, np.nanmean(frame, 1), faint.mean((1, 2)), strict=True)
    ]


def _without_streaks(faint: NDArray[np.bool_], bare: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks (N, side, side) without what runs straight through all of a patch, as far as nothing is printed
    there: scanners' streaks and creases do, marks do not."""
    kept = faint.copy()
    for axis in (1, 2):
        # Pages lie a little askew: a line may lean into the next px.
        inked = (_broader(faint, 3 - axis) & bare).sum(axis, keepdims=True)
        blank = bare.sum(axis, keepdims=True)
        through = (inked >= thresholds.FAINT_LINE * blank) & (blank >= QUICK_PX / 2)
        kept &= ~_broader(through, 3 - axis)
    return kept


def _broader(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return np.asarray(mask | np.roll(mask, 1, axis) | np.roll(mask, -1, axis))


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
        own = bounds([box.area for box in boxes if box.field == field])
        shifts[field] = ink.page.align_field(*own).shift_mm
    return shifts


def _best_offset(seen: Image, expected: Image, reach: int) -> tuple[int, int]:
    """Px by which the print in `seen` is off, ±`reach`: where it differs least from what is expected.

    `seen` is larger than `expected` on every side, by `reach` at least. Coarse, then fine. Print that is
    missing counts, too, and no pixel for more than print would: or else a long stroke below a box would
    be pulled under its frame.
    """
    margin, (height, width) = (seen.shape[0] - expected.shape[0]) // 2, expected.shape
    most = np.ptp(expected)

    def left_over(offset: tuple[int, int]) -> float:
        x, y = margin + offset[0], margin + offset[1]
        there = seen[y : y + height, x : x + width]
        new, missing = np.minimum(cv2.subtract(expected, there), most), cv2.subtract(there, expected)
        rest = float(new.sum()) + _MISSING_WEIGHS * float(missing.sum())
        return rest + _OFFSET_COST * (abs(offset[0]) + abs(offset[1]))

    coarse = range(-reach, reach + 1, 2)
    x, y = min(((dx, dy) for dx in coarse for dy in coarse), key=left_over)
    near = ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
    return min((o for o in near if max(abs(o[0]), abs(o[1])) <= reach), key=left_over)


_OFFSET_COST = 60.0
"""Grey levels that one px of offset must save: noise alone moves the minimum."""
_MISSING_WEIGHS = 0.75
"""Of print that is missing against new ink: what is expected is broader than what is printed."""


# --- the close look -------------------------------------------------------------------------------


def _close_look(
    ink: PageInk,
    boxes: Sequence[Box],
    chosen: Sequence[int],
    shifts: Mapping[str, Shift],
    quick: Sequence[Mapping[str, float]],
) -> CloseLook:
    if not chosen:
        none = np.empty((0, CLOSE_PX, CLOSE_PX))
        return CloseLook((), none.astype(np.float32), none.astype(np.uint8), np.empty(0, np.float32), ())
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
    new = smooth(darker(seen, expected)).reshape(print_.shape)
    found = ink.print_found(seen, print_.reshape(-1, CLOSE_PX), paper).reshape(len(own), -1)
    scale = own[0].w / BOX_PX
    moved = [(dx * scale, dy * scale) for dx, dy in offsets]
    return CloseLook(chosen, new, print_, np.nanmean(found, 1), moved)


def drawn(ink: PageInk, boxes: Sequence[Box], close: CloseLook) -> Iterator[dict[str, float]]:
    """The features of each box that was looked at closely."""
    if not close.chosen:
        return
    page_wide = {"noise": 10 * min(ink.noise, 0.1), "gain": ink.gain, "scale": ink.page.px_per_mm / 8}
    centres, scale = _centres(boxes), boxes[0].w / BOX_PX
    for n, patch, print_share in zip(close.chosen, close.new, close.print_share, strict=True):
        features = strokes.features(patch, patch > ink.floor, _places(centres, n, scale))
        yield features | page_wide | {"print": float(print_share)}


def _by_look(close: CloseLook) -> list[dict[str, float]]:
    """What the second network says of each of these boxes."""
    if not close.chosen:
        return []
    said = mark_models.looks(mark_models.pictures(close.new, close.print_))
    return [dict(zip(mark_models.BY_LOOK, map(float, one), strict=True)) for one in said]


def _offsets(wide: Image, expected: Ink, in_place: Sequence[float]) -> list[tuple[int, int]]:
    """Each box's own offset; those whose frame is in place are searched near by only."""
    near, reach = square(CLOSE_PX, RING), thresholds.OFFSET_REACH_PX
    around = square(CLOSE_PX + 2 * reach, RING + reach)
    levels = np.clip(expected, 0, 255).astype(np.uint8)
    return [
        _best_offset(patch[around], level[near], 2 if share > thresholds.FRAME_IN_PLACE else reach)
        for patch, level, share in zip(wide, levels, in_place, strict=True)
    ]


def _places(centres: NDArray[np.float64], n: int, scale: float) -> list[tuple[slice, slice]]:
    """Where other boxes' insides lie in the close patch of box `n`."""
    off = (centres - centres[n]) / scale
    near = np.flatnonzero((np.abs(off) < CLOSE_PX / 2 + BOX_PX / 2).all(1))
    half, middle = BOX_PX // 2 - INSET, CLOSE_PX // 2
    return [
        tuple(
            slice(max(round(v) + middle - half, 0), max(round(v) + middle + half, 0))
            for v in off[other][::-1]
        )  # type: ignore[misc]
        for other in near
        if other != n
    ]
