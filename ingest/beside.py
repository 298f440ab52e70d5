"""What lies beside the boxes: strokes that go through no marked one, a tick that missed its box or a wide
ring; and specks like a mark, of which one may have fallen into a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import mark_models, thresholds
from ingest.marks import MarksSeen
from ingest.model import BoxSeen
from ingest.page_strokes import PageStrokes
from layouts.model import Box, grown

_Option = tuple[str, str]
"""Field and option."""
_Near = Mapping[_Option, NDArray[Any]]
"""The strokes in and beside each box, by label."""


def measure(
    strokes: PageStrokes, boxes: Sequence[Box], ticked: Mapping[str, MarksSeen]
) -> Mapping[str, MarksSeen]:
    """`ticked` with features more: `beside`, strokes next to an unmarked box that no box explains, mm²; of a
    marked one, `stroke_mm`, how long the stroke is that its mark is part of, and `specks`, how many of the
    page are about as large as the mark."""
    own = [box for box in boxes if box.field in ticked]
    if not own:
        return ticked
    marked, near = (
        _marked(ticked),
        {_option(box): np.unique(strokes.within(grown(box.area, thresholds.BESIDE_REACH_MM))) for box in own},
    )
    nobodys = _nobodys(strokes, own, marked, near)
    places = {_option(box): box.area for box in own}
    loose, inside = _specks(strokes, near), own[0].w * own[0].h

    def told(option: _Option, look: BoxSeen) -> BoxSeen:
        more = {"beside": nobodys[option]} if option in nobodys else {}
        if option in marked:
            least = thresholds.SPECK_LIKE * look.features["inside"] * inside
            more["specks"] = float(len(loose) - np.searchsorted(loose, least))
            more["stroke_mm"] = round(strokes.longest_in(places[option]), 1)
        return replace(look, features={**look.features, **more})

    return {
        field: replace(seen, boxes=tuple(told((field, look.option or ""), look) for look in seen.boxes))
        for field, seen in ticked.items()
    }


def _marked(ticked: Mapping[str, MarksSeen]) -> set[_Option]:
    options = [(field, look) for field, seen in ticked.items() for look in seen.boxes]
    marks = mark_models.classify([look for _, look in options])
    return {
        (field, mark.option)
        for (field, _), mark in zip(options, marks, strict=True)
        if mark.on > thresholds.RATHER_MARKED
    }


def _nobodys(
    strokes: PageStrokes, boxes: Sequence[Box], marked: set[_Option], near: _Near
) -> Mapping[_Option, float]:
    """How much ink of strokes that go through no marked box is beside each unmarked one, mm². What belongs to
    a place to write does not count, unless it comes down into this very box: it may be a tick that missed."""
    free = (strokes.mm2 >= thresholds.BESIDE_MM2) & (strokes.mm >= thresholds.BESIDE_MM)
    own: dict[str, set[int]] = {}
    for box in boxes:
        if _option(box) in marked:
            free[np.unique(strokes.within(box.area))] = False
            # A mark may be broken into pieces: of one question they are taken for its mark's.
            own.setdefault(box.field, set()).update(map(int, near[_option(box)]))
    found = {}
    for box in boxes:
        option = _option(box)
        labels = near[option][free[near[option]]]
        if option in marked or not len(labels):
            continue
        inside = np.unique(strokes.within(grown(box.area, -thresholds.BOX_INSET_MM)))
        loose = labels[(strokes.owner[labels] < 0) | np.isin(labels, inside)]
        left = [n for n in loose if n not in own.get(box.field, ())]
        if left:
            found[option] = round(float(strokes.mm2[left].max()), 2)
    return found


def _specks(strokes: PageStrokes, near: _Near) -> NDArray[np.float64]:
    """Sizes of the specks of a page, mm², from the least up: what is short and lies neither near a box nor in
    a place to write."""
    loose = (strokes.mm2 > 0) & (strokes.mm <= thresholds.SPECK_MM) & (strokes.owner < 0)
    for labels in near.values():
        loose[labels] = False
    return np.sort(strokes.mm2[loose])


def _option(box: Box) -> _Option:
    return box.field, box.option or ""
