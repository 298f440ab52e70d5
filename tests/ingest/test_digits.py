import cv2
import numpy as np
import pytest
from ink_pages import NO_REAL_MARKS, PX_PER_MM, checkboxes, comb, ink_of, printed, stroke

from benchmarks.real_marks import REAL_MARKS, photographed_digits
from ingest import digits, thresholds
from ingest.ctc import Alphabet, Trace
from ingest.digits import CombSeen
from ingest.engines import EngineError, PaddleEngine, engine
from ingest.model import BoxSeen, Character, Image
from ingest.page_strokes import PageStrokes
from layouts.model import Box, bounds


class _Silent:
    """An engine without a trace: only the cell reader speaks."""

    name = "silent 1"

    def read(self, line: Image) -> tuple[Character, ...]:
        return ()


class _Crashing:
    name = "crashing 1"

    def read(self, line: Image) -> tuple[Character, ...]:
        raise EngineError("…")

    def trace(self, line: Image) -> Trace:
        raise EngineError("…")


class _Looking:
    """Keeps the strip that it is given."""

    name = "looking 1"

    def __init__(self) -> None:
        self.lines: list[Image] = []

    def read(self, line: Image) -> tuple[Character, ...]:
        return ()

    def trace(self, line: Image) -> Trace:
        self.lines.append(line)
        p = np.full((30, 11), 0.01, np.float32)
        p[:, 0] = 0.9
        return Trace(p, Alphabet(tuple("0123456789")))


def _write(page: np.ndarray, cell: Box, digit: str) -> None:  # type: ignore[type-arg]
    """In an even hand: OpenCV's single-stroke digits, 4.5 mm high."""
    scale = 4.5 * PX_PER_MM / 21
    left, bottom = round((cell.x + 1.3) * PX_PER_MM), round((cell.y + 6.2) * PX_PER_MM)
    cv2.putText(page, digit, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, 30, 3, cv2.LINE_AA)


def _seen(written: dict[int, str], cells: int = 8, reader: object = None, extra=None) -> CombSeen:  # type: ignore[no-untyped-def]
    boxes = comb(cells)
    blank = printed(boxes)
    page = blank.copy()
    for n, digit in written.items():
        _write(page, boxes[n], digit)
    if extra:
        extra(page, boxes)
    return digits.measure(ink_of(page, blank, boxes), boxes, reader or _Silent())  # type: ignore[arg-type]


def _best(seen: BoxSeen) -> str:
    return max(digits.NAMES, key=lambda name: seen.features.get(name, 0.0))


def test_cells_are_read_one_by_one():
    seen = _seen(dict(enumerate("20170463")))
    assert [_best(box) for box in seen.boxes] == [f"d{digit}" for digit in "20170463"]
    assert min(max(box.features[name] for name in digits.NAMES) for box in seen.boxes) > 0.8


def test_empty_cells_hold_no_ink_and_are_not_read():
    seen = _seen({2: "5"}, 4)
    assert [box.features["ink"] > 0 for box in seen.boxes] == [False, False, True, False]
    assert "none" not in seen.boxes[0].features
    assert _seen({}, 4) == CombSeen(tuple(BoxSeen(None, n, {"ink": 0.0}) for n in range(4)))


def test_a_struck_out_digit_is_none():
    def strike(page, boxes):  # type: ignore[no-untyped-def]
        cell = boxes[1]
        for n in range(3):
            y = cell.y + 3.0 + n
            stroke(page, [(cell.x + 0.6, y + 1.0), (cell.x + 5.4, y - 0.6)], 0.5)

    seen = _seen({0: "3", 1: "8"}, 2, extra=strike)
    assert _best(seen.boxes[0]) == "d3"
    assert seen.boxes[1].features["none"] > 0.5


def test_a_stroke_that_runs_over_the_line_belongs_to_the_cell_that_holds_most_of_it():
    def long_tail(page, boxes):  # type: ignore[no-untyped-def]
        cell = boxes[0]
        stroke(
            page, [(cell.x + 1.5, cell.y + 1.5), (cell.x + 4.5, cell.y + 1.4), (cell.x + 3.0, cell.y + 6.5)]
        )
        stroke(page, [(cell.x + 4.4, cell.y + 1.4), (cell.x + 6.8, cell.y + 1.2)])

    seen = _seen({}, 2, extra=long_tail)
    assert seen.boxes[0].features["ink"] > 2.0
    assert seen.boxes[1].features["ink"] == 0.0


def test_a_streak_of_the_scanner_is_no_digit():
    def streak(page, boxes):  # type: ignore[no-untyped-def]
        stroke(page, [(boxes[0].x + 3.0, 2.0), (boxes[0].x + 3.1, 75.0)], 0.3, 0.6)

    seen = _seen({1: "4"}, 2, extra=streak)
    assert seen.boxes[0].features["ink"] == 0.0
    assert _best(seen.boxes[1]) == "d4"


def test_the_strip_closes_the_gaps_between_groups():
    reader = _Looking()
    boxes = comb(2)
    apart = [boxes[0], Box("n", boxes[1].kind, 1, boxes[1].x + 12.0, boxes[1].y, 6.0, 8.0, cell=1)]
    blank = printed(apart)
    page = blank.copy()
    for box, digit in zip(apart, "47", strict=True):
        _write(page, box, digit)
    digits.measure(ink_of(page, blank, apart), apart, reader)
    (line,) = reader.lines
    assert line.shape[1] < 12.0 * PX_PER_MM
    assert line.min() < 60
    assert np.median(line) == 255


def test_both_readers_agree_on_a_date():
    seen = _seen(dict(enumerate("20170428")), reader=engine("ppocr"))
    assert seen.texts[0].text == "20170428"
    assert seen.texts[0].engine == PaddleEngine().name
    assert seen.texts[0].engine in seen.texts[1].engine


def test_an_engine_that_fails_leaves_the_cell_reader():
    seen = _seen({0: "6"}, 2, reader=_Crashing())
    assert seen.texts == ()
    assert _best(seen.boxes[0]) == "d6"


def test_specks_are_not_blown_up_to_digits():
    ink = np.zeros((60, 48), np.float32)
    ink[28:32, 20:24] = 0.9
    picture = digits.normalise(ink, ink > 0)
    assert (picture > 0.3).sum() < 30


# --- reality --------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL_MARKS.exists(), reason=NO_REAL_MARKS)
def test_photographed_digits():
    """Never trained on: digits drawn over guiding dots, photographed at about 120 dpi."""
    truth, found = photographed_digits()
    assert (found.argmax(1) == truth).mean() >= 0.97
    sure = found.max(1) >= 0.99
    assert (found.argmax(1) == truth)[sure].mean() >= 0.99


def test_the_classes_are_the_ten_digits_and_none():
    assert len(digits.NAMES) == digits.CLASSES
    assert digits.NAMES[digits.NO_DIGIT] == "none"
    assert digits.probabilities(np.zeros((2, digits.SIDE, digits.SIDE), np.float32)).sum(1) == pytest.approx(
        1
    )
    assert thresholds.DIGIT_DUST_MM2 < thresholds.DIGIT_LEAST_MM2


def test_a_digit_keeps_the_stroke_that_runs_over_its_cell():
    """Cut at the cell's line, this nought would be a C and its rest a 1 of the next cell."""
    boxes = comb(3)
    blank = printed(boxes)
    page = blank.copy()
    turn = np.linspace(0, 2 * np.pi, 40)
    stroke(page, [(boxes[0].x + 4.2 + 2.6 * np.cos(t), 34.0 + 2.8 * np.sin(t)) for t in turn], 0.5)
    seen = digits.measure(ink_of(page, blank, boxes), boxes, _Looking())
    first, second = (box.features for box in seen.boxes[:2])
    assert first["d0"] > 0.9
    assert second["ink"] < thresholds.DIGIT_DUST_MM2


def test_cells_struck_out_with_one_line_are_empty():
    boxes = comb(4)
    blank = printed(boxes)
    page = blank.copy()
    stroke(page, [(boxes[0].x + 1.0, 36.0), (32.0, 34.5), (boxes[-1].x + 5.0, 33.0)])
    seen = digits.measure(ink_of(page, blank, boxes), boxes, _Looking())
    assert all(box.features["ink"] < thresholds.DIGIT_DUST_MM2 for box in seen.boxes)


def test_a_ticks_tail_that_comes_in_from_beside_the_cells_is_no_digit():
    def tail(page, boxes):  # type: ignore[no-untyped-def]
        cell = boxes[0]
        stroke(page, [(cell.x - 4.0, cell.y + 8.0), (cell.x + 0.9, cell.y + 2.0)])

    seen = _seen({1: "6", 2: "6"}, 3, extra=tail)
    assert seen.boxes[0].features["ink"] == 0.0
    assert [_best(box) for box in seen.boxes[1:]] == ["d6", "d6"]


def test_a_stroke_from_the_line_below_is_told():
    def tail(page, boxes):  # type: ignore[no-untyped-def]
        cell = boxes[0]
        stroke(
            page, [(cell.x - 4.0, cell.y + 14.0), (cell.x - 2.0, cell.y + 16.0), (cell.x + 4.0, cell.y + 4.0)]
        )

    seen = _seen({1: "6", 2: "6"}, 3, extra=tail)
    assert seen.boxes[0].features["from_beyond"] > 0.4
    assert max(box.features["from_beyond"] for box in seen.boxes[1:]) == 0.0


def test_a_tick_that_runs_into_the_cells_is_told():
    boxes, (box,) = comb(3), checkboxes((20.0, 42.0))
    blank = printed([*boxes, box])
    page = blank.copy()
    for cell in boxes:
        _write(page, cell, "6")
    stroke(
        page, [(box.x + 0.5, box.y + 1.8), (box.x + 1.5, box.y + 3.3), (boxes[0].x + 4.0, boxes[0].y + 5.0)]
    )
    ink = ink_of(page, blank, [*boxes, box])
    strokes = PageStrokes.of(ink, {"n": bounds([cell.area for cell in boxes])}, [box.area])
    seen = digits.measure(ink, boxes, _Silent(), strokes)  # type: ignore[arg-type]
    assert seen.boxes[0].features["ticks"] > thresholds.DIGIT_DUST_MM2
    assert [cell.features["ticks"] for cell in seen.boxes[1:]] == [0.0, 0.0]


@pytest.mark.parametrize(("below", "tail"), [(20.0, True), (31.0, False)])
def test_a_dash_in_line_with_a_tick_below_may_be_its_tail(below, tail):
    boxes, (box,) = comb(3), checkboxes((below, 42.0))
    blank = printed([*boxes, box])
    page = blank.copy()
    for cell in boxes[1:]:
        _write(page, cell, "6")
    x, y = 20.0, 42.0
    stroke(page, [(below + 0.5, y + 1.8), (below + 1.5, y + 3.3), (below + 2.9, y + 0.6)])
    stroke(page, [(x + 4.4, y - 4.4), (x + 5.9, y - 8.5)])
    ink = ink_of(page, blank, [*boxes, box])
    strokes = PageStrokes.of(ink, {"n": bounds([cell.area for cell in boxes])}, [box.area])
    seen = digits.measure(ink, boxes, _Silent(), strokes)  # type: ignore[arg-type]
    assert [one.features["ticks"] > 0 for one in seen.boxes] == [tail, False, False]


def test_a_streak_that_the_cells_lines_cut_into_pieces_is_told():
    def streak(page, boxes):  # type: ignore[no-untyped-def]
        x, top, bottom = boxes[0].x + 3.0, boxes[0].y, boxes[0].y + boxes[0].h
        for start, end in ((2.0, top - 0.5), (top + 0.5, bottom - 0.5), (bottom + 0.5, 75.0)):
            stroke(page, [(x, start), (x + 0.2, end)], 0.3, 0.8)

    seen = _seen({1: "4"}, 2, extra=streak)
    assert (seen.boxes[0].features["ink"], _best(seen.boxes[1])) == (0.0, "d4")
    assert seen.boxes[0].features["between"] >= thresholds.DIGIT_LEAST_MM2


def test_digits_that_cross_the_lines_of_their_cells_stay_whole():
    def tall(page, boxes):  # type: ignore[no-untyped-def]
        x, top, bottom = boxes[0].x, boxes[0].y, boxes[0].y + boxes[0].h
        for points in (
            ((4.5, -0.7), (2.0, 3.0), (1.2, 7.0)),
            ((1.2, 7.0), (3.0, 8.6), (4.8, 7.0)),
            ((4.8, 7.0), (3.2, 4.8), (1.3, 6.5)),
        ):
            stroke(page, [(x + dx, top + dy) for dx, dy in points], 0.5, 0.8)
        assert bottom - top < 9.0

    seen = _seen({}, 2, extra=tall)
    assert seen.boxes[0].features["ink"] > 7.0  # 19 mm of a pen of 0.5 mm, the cell's lines included
    assert seen.boxes[0].features["above"] == seen.boxes[0].features["between"] == 0.0


def test_digits_that_touch_are_parted_where_the_least_ink_is():
    mask = np.zeros((80, 41), bool)
    mask[10:70, 10:14] = mask[10:70, 24:28] = True  # two strokes
    mask[40:44, 14:24] = True  # that touch
    way = digits._way_down(mask, 20)
    assert sum(mask[row, column] for row, column in enumerate(way)) <= 4
    assert 14 <= way.min() <= way.max() < 24


def test_a_digit_written_again_above_its_cell_is_told():
    def corrected(page, boxes):  # type: ignore[no-untyped-def]
        x, y = boxes[1].x, boxes[1].y
        stroke(page, [(x + 1.5, y - 3.5), (x + 4.0, y - 3.3), (x + 2.0, y - 0.6)])

    seen = _seen({0: "6", 1: "4"}, 2, extra=corrected)
    assert seen.boxes[1].features["above"] >= thresholds.DIGIT_ABOVE_MM2
    assert seen.boxes[0].features["above"] == 0.0
    assert all(box.features["above"] == 0.0 for box in _seen({0: "6", 1: "4"}, 2).boxes)
