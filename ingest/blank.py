"""Whether there is anything on a page at all."""

from __future__ import annotations

import cv2
import numpy as np

from ingest import thresholds
from ingest.model import Image


def is_blank(grey: Image) -> bool:
    """True for an empty back: no more than what shines through, edges, holes and specks.

    What is dark against its neighbourhood counts as ink, and only away from the edges, where holes,
    staples and shadows are. In doubt a page is not blank: a clerk then looks at it.
    """
    factor = thresholds.BLANK_LONG_SIDE / max(grey.shape)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    paper = cv2.medianBlur(small, thresholds.BLANK_WINDOW)
    edge = round(thresholds.BLANK_EDGE * max(small.shape))
    darker = paper.astype(np.int16) - small > thresholds.BLANK_CONTRAST
    specks = darker[edge:-edge, edge:-edge].astype(np.uint8)
    ink = cv2.morphologyEx(specks, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return bool(ink.mean() < thresholds.BLANK_INK)
