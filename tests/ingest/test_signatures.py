"""Places to sign: what is told from a signature, and how."""

import cv2
import numpy as np
import pytest
from ink_pages import PX_PER_MM, ink_of, printed, red_seal, stroke

from ingest import signatures, thresholds
from ingest.page_strokes import PageStrokes
from layouts.model import Box, BoxKind

PLACE = Box("t", BoxKind.SIGNATURE, 1, 10.0, 20.0, 40.0, 9.0, lines=1)


@pytest.mark.parametrize("grey", [True, False])
def test_a_red_seal_is_a_signature(grey):
    blank = printed([PLACE])
    page = red_seal(blank)
    scan = page[:, :, 1] if grey else page
    assert signatures.measure(ink_of(scan, blank, [PLACE]), PLACE).ink > 0.01


def test_what_reaches_in_from_beside_is_told_from_a_signature():
    blank = printed([PLACE])
    page = blank.copy()
    turn = np.linspace(0, 2 * np.pi, 60)
    stroke(page, [(30 + 9 * np.cos(t), 36.0 + 9 * np.sin(t)) for t in turn], 1.0)  # a seal on the next line
    seen = signatures.measure(ink_of(page, blank, [PLACE]), PLACE)
    assert seen.ink == 0.0
    assert seen.reaching_in > 0.01
    stroke(page, [(15.0, 24.0), (17.0, 27.0), (19.0, 23.0), (22.0, 27.0), (25.0, 24.0)])
    assert signatures.measure(ink_of(page, blank, [PLACE]), PLACE).ink > 0.01


def test_a_streak_that_the_rule_cuts_into_pieces_is_no_signature():
    blank = printed([PLACE])
    page = blank.copy()
    rule = PLACE.y + PLACE.h
    for start, end in ((2.0, rule - 0.6), (rule + 0.6, 75.0)):
        stroke(page, [(30.0, start), (30.3, end)], 0.6)
    seen = signatures.measure(ink_of(page, blank, [PLACE]), PLACE)
    assert seen.ink == 0.0
    assert seen.reaching_in > 0.01
    stroke(page, [(13.0, 24.0), (15.0, 27.0), (17.0, 23.0), (20.0, 27.0), (23.0, 24.0)])
    assert signatures.measure(ink_of(page, blank, [PLACE]), PLACE).ink > 0.01


def test_a_line_is_told_from_a_signature_by_how_broad_it_is():
    blank = printed([PLACE])

    def signed(*points):
        page = blank.copy()
        stroke(page, points)
        return signatures.measure(ink_of(page, blank, [PLACE]), PLACE)

    crease, fibre = signed((13.0, 25.0), (22.0, 25.6)), signed((20.0, 24.0), (22.0, 26.0), (23.0, 25.5))
    name = signed((13.0, 24.0), (16.0, 28.0), (18.0, 23.0), (21.0, 28.0), (24.0, 23.0), (27.0, 27.0))
    across = [seen.drawn["across_mm"] for seen in (crease, fibre, name)]
    assert max(across[:2]) < thresholds.SIGNATURE_ACROSS_MM < across[2]
    assert fibre.drawn["mm2"] < thresholds.SIGNATURE_MM2 < name.drawn["mm2"]


def test_a_blot_is_told_from_a_signature_by_how_solid_it_is():
    blank = printed([PLACE])
    page = blank.copy()
    cv2.circle(
        page, (round(20 * PX_PER_MM), round(25 * PX_PER_MM)), round(3 * PX_PER_MM), 30, -1, cv2.LINE_AA
    )
    assert signatures.measure(ink_of(page, blank, [PLACE]), PLACE).drawn["solid"] > thresholds.SIGNATURE_SOLID
    page = blank.copy()
    stroke(page, [(13.0, 24.0), (16.0, 28.0), (18.0, 23.0), (21.0, 28.0), (24.0, 23.0), (27.0, 27.0)])
    assert signatures.measure(ink_of(page, blank, [PLACE]), PLACE).drawn["solid"] < 0.5


def test_a_stain_that_lies_mostly_elsewhere_on_the_page_reaches_in():
    blank = printed([PLACE])
    page = blank.copy()
    stroke(page, [(10.0, 24.0), (16.0, 28.0), (22.0, 24.0), (40.0, 26.0), (70.0, 60.0), (20.0, 70.0)])
    ink = ink_of(page, blank, [PLACE])
    strokes = PageStrokes.of(ink, {PLACE.field: PLACE.area})
    seen = signatures.measure(ink, PLACE, strokes)
    assert seen.ink == 0.0
    assert seen.reaching_in > 0.01


def test_nothing_is_no_signature():
    blank = printed([PLACE])
    assert signatures.measure(ink_of(blank, blank, [PLACE]), PLACE).ink == 0.0
