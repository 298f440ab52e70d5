"""What is wrong with a layout as a picture: things over each other, or where nothing may stand.

`place` makes none of it by itself; words that are too long for their row, and rows that an office
crowds, can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from layouts.model import MARKER_MM, QR_MODULES, QR_QUIET_MODULES, Box, BoxKind, Layout, Text
from layouts.typeset import MM_PER_PT, width_mm

Rect = tuple[float, float, float, float]
"""x, y, w, h in mm."""

_TOUCH = 0.15
"""mm that things may share: rounding, and the width that no face's characters quite have."""
_SAFE = 10.0
"""mm along the paper's edge that a photocopier may cut off."""
_MARKER_CLEAR = 1.5
"""mm of white around a marker, a cell and more: without it a marker is not seen as a square."""


@dataclass(frozen=True)
class Fault:
    """What is wrong, by how many mm, and where."""

    page: int
    place: Rect
    message: str
    field: str = ""


def faults(layout: Layout) -> Iterator[Fault]:
    """Every fault of every page."""
    for page in range(1, layout.pages + 1):
        boxes = list(layout.on_page(page))
        texts = [text for text in layout.texts if text.page == page]
        yield from _among_boxes(page, boxes)
        yield from _words_on_boxes(page, texts, boxes)
        yield from _in_clear_zones(layout, page, boxes, texts)


def _among_boxes(page: int, boxes: list[Box]) -> Iterator[Fault]:
    for a, b in combinations(boxes, 2):
        shared = _shared(_of(a), _of(b))
        if shared > _TOUCH:
            message = f"“{a.field}”与“{b.field}”的位置重叠 {shared:.1f} 毫米"
            yield Fault(page, _of(a), message, a.field)


def _words_on_boxes(page: int, texts: list[Text], boxes: list[Box]) -> Iterator[Fault]:
    hollow = [box for box in boxes if box.kind in (BoxKind.CHECKBOX, BoxKind.COMB)]
    for text in texts:
        for box in hollow:
            shared = _shared(_words(text), _of(box))
            if shared > 2 * _TOUCH:
                message = f"文字“{text.text}”压在“{box.field}”的框上 {shared:.1f} 毫米"
                yield Fault(page, _of(box), message, box.field)


def _in_clear_zones(layout: Layout, page: int, boxes: list[Box], texts: list[Text]) -> Iterator[Fault]:
    """Markers and QR need white around them, and the paper's edge is not safe."""
    frame = layout.frame
    things = [(_of(box), f"“{box.field}”", box.field) for box in boxes]
    things += [(_words(text), f"文字“{text.text}”", "") for text in texts]
    zones = {
        **{
            f"角上的定位标记 {n}": _around(c[0], MARKER_MM, _MARKER_CLEAR) for n, c in frame.markers().items()
        },
        "二维码": _around(frame.qr[:2], frame.qr[2], frame.qr[2] / QR_MODULES * QR_QUIET_MODULES),
    }
    for thing, name, field in things:
        for zone, place in zones.items():
            shared = _shared(thing, place)
            if shared > _TOUCH:
                yield Fault(page, thing, f"{name}离{zone}太近，差 {shared:.1f} 毫米", field)
        x, y, w, h = thing
        out = max(_SAFE - x, _SAFE - y, x + w - frame.width + _SAFE, y + h - frame.height + _SAFE)
        if out > _TOUCH:
            yield Fault(page, thing, f"{name}离纸边太近，差 {out:.1f} 毫米", field)


def _of(box: Box) -> Rect:
    return box.x, box.y, box.w, box.h


def _words(text: Text) -> Rect:
    """Where the characters stand: from 0.86 em above the baseline to 0.1 em below it."""
    width, em = width_mm(text.text, text.size), text.size * MM_PER_PT
    left = text.x - {"left": 0.0, "centre": width / 2, "right": width}[text.align]
    return left, text.y - 0.8 * em, width, 0.86 * em


def _around(corner: tuple[float, float], side: float, white: float) -> Rect:
    return corner[0] - white, corner[1] - white, side + 2 * white, side + 2 * white


def _shared(a: Rect, b: Rect) -> float:
    """How deep two rectangles are in each other, mm; 0 when they are apart."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(min(across, down), 0.0)
