"""Whether an option's printed words are marked: ticked, ringed, underlined.

A small network looks at a strip of the page: the box, its words and some room around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.engines import session
from ingest.ink import PageInk, is_only_dots, smooth
from ingest.register import Shift
from layouts.model import Box, Layout

MM_PER_PX = 0.2
HIGH_PX, WIDE_PX = 48, 160
"""Size of a strip: 9.6 mm, of which words take 3.5; 32 mm, for a box and words of 20 mm."""
LEFT_MM = 4.0
"""Room to the left of the box: ticks of the option before it come from there."""
CHANNELS = 4
"""Darkness, new ink, print, and where the words are."""
_NEW = 1


def measure(ink: PageInk, layout: Layout, boxes: Sequence[Box], shift: Shift) -> Mapping[str, float]:
    """Option → probability that its words are marked, for those of `boxes` whose words have any ink."""
    worded = [box for box in boxes if layout.words_of(box)]
    strips = pictures(ink, layout, worded, shift)
    inked = [n for n, new in enumerate(strips[:, _NEW] > ink.floor) if _may_be_marked(new)]
    if not inked:
        return {}
    found = marked(strips[inked])
    return {worded[n].option or "": round(float(p), 5) for n, p in zip(inked, found, strict=True)}


def _may_be_marked(new: NDArray[np.bool_]) -> bool:
    return bool(new.sum() >= thresholds.WORDS_INK_PX) and not is_only_dots(new, MM_PER_PX)


def pictures(ink: PageInk, layout: Layout, boxes: Sequence[Box], shift: Shift) -> NDArray[np.float32]:
    """(N, CHANNELS, HIGH_PX, WIDE_PX), 0 to 1. All `boxes` have words (`Layout.words_of`)."""
    found = np.zeros((len(boxes), CHANNELS, HIGH_PX, WIDE_PX), np.float32)
    for strip, box in zip(found, boxes, strict=True):
        strip[:] = _strip(ink, layout, box, shift)
    return found


def _strip(ink: PageInk, layout: Layout, box: Box, shift: Shift) -> NDArray[np.float32]:
    x, y, w, h = layout.words_of(box) or box.area
    left, top = box.x - LEFT_MM, y + h / 2 - HIGH_PX * MM_PER_PX / 2
    region = (left, top, WIDE_PX * MM_PER_PX, HIGH_PX * MM_PER_PX)
    seen, print_ = ink.page.patch(*region, MM_PER_PX, shift), ink.page.blank_patch(*region, MM_PER_PX)
    paper = ink.paper_under(region, seen.shape)
    words = np.zeros(seen.shape, np.float32)
    above, before = y - top, x - left
    rows, columns = (
        slice(round(start / MM_PER_PX), round((start + length) / MM_PER_PX))
        for start, length in ((above, h), (before, w))
    )
    words[rows, columns] = 1.0
    dark = np.clip(1 - seen / np.maximum(paper, 1.0), 0, 1)
    return np.stack([dark, smooth(ink.against(seen, print_, paper)), (255 - print_) / np.float32(255), words])


def marked(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of each strip that its words are marked."""
    (found,) = _network().run(None, {"strip": pictures})
    return np.asarray(found[:, 1], np.float32)


@cache
def _network() -> Any:
    with as_file(files("ingest").joinpath("models/words.onnx")) as path:
        return session(path)
