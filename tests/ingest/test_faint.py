"""Strokes that are too faint to be read."""

import numpy as np
from ink_pages import ink_of, printed, stroke

from ingest import faint, signatures, thresholds
from layouts.model import Box, BoxKind

LINE = Box("t", BoxKind.TEXT, 1, 20.0, 20.0, 60.0, 8.0, lines=1)


def _drawn(dark: float, *points: tuple[float, float], width: float = 0.5) -> tuple[float, bool]:
    """What is seen of a stroke on the line, mm², and whether it counts as a signature's ink."""
    blank = printed([LINE])
    page = blank.copy()
    if points:
        stroke(page, list(points), width, dark)
    ink = ink_of(page, blank, [LINE])
    return faint.strokes_mm2(ink, LINE.area), signatures.measure(ink, LINE).ink > 0


WORD = ((25.0, 22.0), (28.0, 26.0), (31.0, 22.0), (34.0, 26.0), (38.0, 22.0))


def test_pencil_that_does_not_count_as_ink_is_seen():
    mm2, counts = _drawn(0.1, *WORD)
    assert mm2 >= thresholds.FAINT_MM2
    assert not counts


def test_nothing_and_what_is_no_stroke_is_not():
    assert _drawn(0.0) == (0.0, False)
    assert _drawn(0.03, *WORD)[0] == 0.0
    assert _drawn(0.1, (30.0, 24.0), (30.4, 24.0))[0] == 0.0  # a speck
    assert _drawn(0.1, (30.0, 5.0), (30.5, 60.0))[0] == 0.0  # a streak
    assert _drawn(0.1, (5.0, 24.0), (110.0, 24.5))[0] == 0.0  # a crease
    assert _drawn(0.1, (30.0, 24.0), (40.0, 24.0), width=4.0)[0] == 0.0  # a shade


def test_noise_is_none():
    blank = printed([LINE])
    noise = np.random.default_rng(1).normal(0, 12, blank.shape)
    page = np.clip(blank + noise, 0, 255).astype(np.uint8)
    assert faint.strokes_mm2(ink_of(page, blank, [LINE]), LINE.area) == 0.0
