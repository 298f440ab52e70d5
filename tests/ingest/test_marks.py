from collections import Counter, defaultdict
from itertools import product

import cv2
import numpy as np
import pytest
from ink_pages import (
    NO_REAL_MARKS,
    checkboxes,
    fill,
    ink_of,
    printed,
    stroke,
    tick,
)

from benchmarks.real_marks import REAL_MARKS, mark_probability
from ingest import mark_models, marks, thresholds
from ingest.ink import PageInk
from ingest.mark_models import Mark
from ingest.model import BoxSeen
from layouts.model import Box

PLACES = [(20.0 + 14.0 * column, 15.0 + 9.0 * row) for row in range(6) for column in range(6)]


def _classes(ink: PageInk, boxes: list[Box]) -> tuple[Mark, ...]:
    return mark_models.classify(marks.measure(ink, boxes)["f"].boxes)


def _seen(draw, off: tuple[float, float] = (0.0, 0.0)) -> Mark:  # type: ignore[no-untyped-def]
    """A page of empty boxes, with `draw(page, box)` at the one in the middle."""
    boxes = checkboxes(*PLACES)
    blank = printed(boxes)
    page = blank.copy()
    draw(page, boxes[14])
    return _classes(ink_of(page, blank, boxes, off), boxes)[14]


def _cross(page, box: Box) -> None:  # type: ignore[no-untyped-def]
    stroke(page, [(box.x + 0.4, box.y + 0.4), (box.x + 3.6, box.y + 3.6)])
    stroke(page, [(box.x + 3.6, box.y + 0.4), (box.x + 0.4, box.y + 3.6)])


def _line(page, box: Box) -> None:  # type: ignore[no-untyped-def]
    stroke(page, [(box.x - 0.6, box.y + 4.5), (box.x + 4.6, box.y - 0.4)])


def _ring(page, box: Box) -> None:  # type: ignore[no-untyped-def]
    turn = np.linspace(0, 2 * np.pi, 30)
    stroke(page, [(box.x + 2 + 2.9 * np.cos(t), box.y + 2 + 2.8 * np.sin(t)) for t in turn])


def test_ways_of_marking_a_box():
    found = {
        "tick": _seen(tick),
        "long tick": _seen(lambda page, box: tick(page, box, reach=2.0)),
        "pencil": _seen(lambda page, box: tick(page, box, dark=0.35)),
        "cross": _seen(_cross),
        "line": _seen(_line),
        "fill": _seen(fill),
    }
    assert {name: round(classes.on, 2) for name, classes in found.items() if classes.on < 0.95} == {}
    assert found["fill"].filled > 0.8
    assert max(found["tick"].filled, found["cross"].filled) < 0.05


def test_a_ring_around_a_box_is_never_overlooked():
    assert _seen(_ring).empty < 0.05


def test_nothing_is_seen_in_empty_boxes_wherever_the_page_lies():
    boxes = checkboxes(*PLACES)
    blank = printed(boxes)
    for off in product((-0.25, 0.0, 0.3), (-0.3, 0.1, 0.25)):
        found = _classes(ink_of(blank, blank, boxes, off), boxes)
        assert max(classes.on for classes in found) < 0.01, off


def test_a_mark_is_found_although_the_registration_is_off():
    assert _seen(tick, off=(0.3, -0.25)).on > 0.95


def test_a_speck_of_dust_is_no_mark():
    found = _seen(lambda page, box: stroke(page, [(box.x + 2, box.y + 2), (box.x + 2.1, box.y + 2)], 0.2))
    assert found.on < 0.5


def test_the_tail_of_a_tick_below_does_not_mark_the_box_that_it_crosses():
    boxes = checkboxes((40.0, 30.0), (40.0, 35.8), (60.0, 30.0), (60.0, 35.8))
    blank = printed(boxes)
    page = blank.copy()
    stroke(page, [(40.6, 37.5), (41.5, 39.2), (42.4, 36.5), (43.6, 31.5)])
    found = _classes(ink_of(page, blank, boxes), boxes)
    assert found[1].on > 0.9
    assert found[0].on < found[1].on
    assert found[0].on < 0.9


def test_faint_strokes_in_a_box_are_seen_and_faint_creases_are_not():
    boxes = checkboxes((30.0, 30.0), (50.0, 30.0), (70.0, 30.0))
    blank = printed(boxes)
    page = blank.copy()
    tick(page, boxes[0], dark=0.12)
    stroke(page, [(45.0, 32.0), (59.0, 32.3)], dark=0.12)
    looks = marks.measure(ink_of(page, blank, boxes), boxes)["f"].boxes
    assert [look.features["faint"] >= thresholds.FAINT_FILL[0] for look in looks] == [True, False, False]


def test_print_that_spread_is_no_ink():
    boxes = checkboxes(*PLACES)
    blank = printed(boxes)
    spread = np.where(cv2.erode(blank, np.ones((5, 5), np.uint8)) < 200, 0, 255).astype(np.uint8)
    ink = ink_of(spread, blank, boxes)
    assert ink.spread >= 1
    assert max(look.features["inside"] for look in marks.measure(ink, boxes)["f"].boxes) < 0.01
    assert ink_of(blank, blank, boxes).spread == 0


def test_a_covered_box_is_reported_as_not_found():
    boxes = checkboxes(*PLACES)
    blank = printed(boxes)
    page = blank.copy()
    box = boxes[14]
    top, left = (int((v - 1) * 7.874) for v in (box.y, box.x))
    page[top : top + 48, left : left + 48] = 255
    seen = marks.measure(ink_of(page, blank, boxes), boxes)["f"].boxes
    assert seen[14].features["print"] < 0.2
    assert min(other.features["print"] for n, other in enumerate(seen) if n != 14) > 0.9


def test_old_measurements_can_be_classified_without_features_that_came_later():
    features = _close_features()
    del features["noise"]
    (found,) = mark_models.classify([BoxSeen("o", None, features)])
    assert found.on + found.off == pytest.approx(1.0)


def _close_features() -> dict[str, float]:
    boxes = checkboxes(*PLACES)
    blank = printed(boxes)
    page = blank.copy()
    tick(page, boxes[0])
    return dict(marks.measure(ink_of(page, blank, boxes), boxes)["f"].boxes[0].features)


# --- reality --------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL_MARKS.exists(), reason=NO_REAL_MARKS)
def test_photographed_marks():
    """Never trained on. The boxes are coarser than ours (120 dpi) and their print is guessed."""
    found: dict[str, list[float]] = defaultdict(list)
    for path in sorted((REAL_MARKS / "checkboxes").glob("*.jpg")):
        found[path.name.split("-")[0]].append(mark_probability(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)))
    on = Counter({kind: sum(p > 0.5 for p in probabilities) for kind, probabilities in found.items()})
    marked = sum(len(probabilities) for kind, probabilities in found.items() if kind != "empty")
    assert on["empty"] == 0
    assert sum(on.values()) >= 0.9 * marked
    assert on["tick"] == len(found["tick"])
    assert on["cross"] == len(found["cross"])
    overlooked = [p for kind, ps in found.items() for p in ps if kind != "empty" and p < 0.005]
    assert len(overlooked) <= 0.015 * marked
