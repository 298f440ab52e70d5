"""What lies beside the boxes: strokes that go through no marked one, a tick that missed its box or a wide
ring; and specks like a mark, of which one may have fallen into a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.page_strokes import PageStrokes
from layouts.model import Area, Box


def measure(strokes: PageStrokes, boxes: Sequence[Box], marked: Sequence[bool]) -> Mapping[Box, float]:
    """How much ink beside unmarked boxes is nobody's, mm², where there is any. `boxes` are all checkboxes of
    a page, `marked` which of them are."""
    free = (strokes.mm2 >= thresholds.BESIDE_MM2) & (strokes.mm >= thresholds.BESIDE_MM) & (strokes.owner < 0)
    own: dict[str, set[int]] = {}
    for box, on in zip(boxes, marked, strict=True):
        if on:
            free[np.unique(strokes.within((box.x, box.y, box.w, box.h)))] = False
            # A mark may be broken into pieces: of one question they are taken for its mark's.
            own.setdefault(box.field, set()).update(map(int, np.unique(strokes.within(_around(box)))))
    found = {}
    for box, on in zip(boxes, marked, strict=True):
        near = np.unique(strokes.within(_around(box)))
        nobodys = [n for n in near[free[near]] if n not in own.get(box.field, ())]
        if nobodys and not on:
            found[box] = round(float(strokes.mm2[nobodys].max()), 2)
    return found


def specks(strokes: PageStrokes, boxes: Sequence[Box]) -> NDArray[np.float64]:
    """Sizes of the specks of a page, mm², from the least up: what is short and lies neither near a box nor in
    a place to write."""
    loose = (strokes.mm2 > 0) & (strokes.mm <= thresholds.SPECK_MM) & (strokes.owner < 0)
    for box in boxes:
        loose[np.unique(strokes.within(_around(box)))] = False
    return np.sort(strokes.mm2[loose])


def _around(box: Box) -> Area:
    reach = thresholds.BESIDE_REACH_MM
    return box.x - reach, box.y - reach, box.w + 2 * reach, box.h + 2 * reach
