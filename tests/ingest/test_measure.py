"""What is seen beside the boxes: people ring, underline or tick an option's words instead of its box."""

from dataclasses import replace

import numpy as np
import pytest
from ink_pages import FRAME, PX_PER_MM, checkboxes, ink_of, printed, stroke, tick

from forms.model import Field, Form, Kind, Option, Page, Row, Section
from ingest import beside, marks, thresholds
from ingest.measure import measure_page
from ingest.model import Character, Image, Measurement, PrintedLayout
from ingest.page_strokes import PageStrokes
from layouts.model import Layout, Text

FIELD = Field("f", "问", Kind.SINGLE, tuple(Option(f"o{n}", "文字选项") for n in range(3)))
SEVERAL = replace(FIELD, kind=Kind.MULTIPLE)
BOXES = checkboxes((20.0, 30.0), (45.0, 30.0), (70.0, 30.0))


class _Null:
    name = "null 1"

    def read(self, line: Image) -> tuple[Character, ...]:
        return ()


def _seen(draw, field: Field = FIELD, black: bool = False) -> Measurement:  # type: ignore[no-untyped-def]
    """A row of options with `draw(page)` on it; scanned in `black` and white, or in grey."""
    form = Form("T", 1, "测试", "", (), (Page((Section("", (Row((field,)),)),)),))
    blank = printed(BOXES)
    for box in BOXES:  # words: strokes of grey print
        for n in range(12):
            x = round((box.x + 5.2 + n) * PX_PER_MM)
            blank[round(30.4 * PX_PER_MM) : round(33.6 * PX_PER_MM), x : x + 3] = 115
    words = tuple(Text(1, box.x + box.w + 0.9, box.y + 3.3, 10.0, "文字选项") for box in BOXES)
    layout = Layout(form, FRAME, 1, tuple(BOXES), words, ())
    page = blank.copy()
    draw(page)
    if black:
        page = np.where(page < 150, 0, 255).astype(np.uint8)
    ink = ink_of(page, blank, BOXES)
    (seen,) = measure_page(ink.page, PrintedLayout(layout, (blank,)), 1, {}, _Null())
    return seen


def _marked(seen: Measurement) -> dict[str | None, float]:
    """Options whose words are marked, with how likely that is."""
    found = {box.option: box.features.get("words_marked", 0.0) for box in seen.boxes}
    return {option: p for option, p in found.items() if p >= thresholds.WORDS_MAY_BE_MARKED}


def _ring(page: np.ndarray) -> None:  # type: ignore[type-arg]
    turn = np.linspace(0, 2 * np.pi, 40)
    stroke(page, [(58.0 + 7.5 * np.cos(t), 32.0 + 2.6 * np.sin(t)) for t in turn])


def _ring_that_touches_its_box(page: np.ndarray) -> None:  # type: ignore[type-arg]
    turn = np.linspace(0, 2 * np.pi, 40)
    stroke(page, [(56.0 + 7.8 * np.cos(t), 32.0 + 2.6 * np.sin(t)) for t in turn])


def _underline(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(50.0, 35.2), (55.0, 35.4), (61.0, 35.2)])


def _tick(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(52.0, 31.5), (53.5, 33.4), (57.0, 30.4)])


def _long_tick(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(52.0, 30.5), (53.5, 33.6), (58.5, 25.0)])


def _long_underline(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(49.0, 35.0), (66.0, 35.3), (84.0, 35.1)])


@pytest.mark.parametrize("draw", [_ring, _ring_that_touches_its_box, _underline, _tick, _long_tick])
@pytest.mark.parametrize("black", [False, True], ids=["grey", "black"])
def test_the_option_whose_words_are_marked_is_known(draw, black):
    marked = _marked(_seen(draw, black=black))
    assert set(marked) == {"o1"}
    assert black or marked["o1"] >= thresholds.WORDS_MARKED


def test_a_long_line_under_several_options_is_noticed():
    assert _seen(_long_underline).around >= thresholds.AROUND_MM2


def test_the_tail_of_a_tick_is_not_about_the_words_it_crosses():
    def tick_with_tail(page):  # type: ignore[no-untyped-def]
        x = BOXES[1].x
        stroke(page, [(x + 0.8, 31.8), (x + 1.9, 33.4), (x + 10.0, 28.5)])

    assert _marked(_seen(tick_with_tail, SEVERAL)) == {}


def test_words_of_other_options_are_looked_at_beside_a_ticked_box():
    def ticked(page):  # type: ignore[no-untyped-def]
        tick(page, BOXES[0])
        _ring(page)

    assert set(_marked(_seen(ticked, SEVERAL))) == {"o1"}
    assert set(_marked(_seen(ticked))) == {"o1"}


def test_what_someone_writes_across_the_options_is_noticed():
    def write(page):  # type: ignore[no-untyped-def]
        for x in np.arange(25.0, 38.0, 4.0):
            stroke(page, [(x, 31.0), (x + 3.0, 31.2), (x + 0.5, 33.5), (x + 3.0, 33.4)])

    assert _seen(write).around >= thresholds.AROUND_MM2


def _strike(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(10.0, 26.0), (60.0, 32.0), (110.0, 38.0)])


def _neighbour(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(52.0, 41.0), (53.0, 43.0), (57.0, 35.0)])


def _dot(page: np.ndarray) -> None:  # type: ignore[type-arg]
    stroke(page, [(55.8, 32.0), (55.9, 32.1)], width=0.8)


def _nothing(page: np.ndarray) -> None:  # type: ignore[type-arg]
    pass


@pytest.mark.parametrize("draw", [_strike, _neighbour, _dot, _nothing])
def test_what_runs_through_or_reaches_in_is_not_about_the_words(draw):
    seen = _seen(draw)
    assert seen.around < thresholds.AROUND_MM2
    assert _marked(seen) == {}
    assert _marked(seen) == {}


TABLE = checkboxes((20.0, 50.0), (40.0, 50.0), (60.0, 50.0))


def _beside(draw) -> float:  # type: ignore[no-untyped-def]
    """Ink noticed beside the boxes of a table, whose words stand far above."""
    form = Form("T", 1, "测试", "", (), (Page((Section("", (Row((FIELD,)),)),)),))
    blank = printed(TABLE)
    page = blank.copy()
    draw(page)
    ink = ink_of(page, blank, TABLE)
    layout = Layout(form, FRAME, 1, tuple(TABLE), (), ())
    (seen,) = measure_page(ink.page, PrintedLayout(layout, (blank,)), 1, {}, _Null())
    return seen.around


def test_a_tick_between_two_boxes_of_a_table_is_noticed():
    def between(page):  # type: ignore[no-untyped-def]
        stroke(page, [(29.5, 51.5), (31.0, 53.5), (34.5, 49.5)])

    def above(page):  # type: ignore[no-untyped-def]
        stroke(page, [(29.5, 44.5), (31.0, 46.5), (34.5, 42.5)])

    assert _beside(between) >= thresholds.AROUND_MM2
    assert _beside(above) < thresholds.AROUND_MM2


@pytest.mark.parametrize(("box", "hidden"), [(20.0, True), (70.0, False)])
def test_where_the_scan_is_black_no_paper_is_seen(box, hidden):
    """A corner torn off before a dark lid: no ink is found there, and that means nothing."""
    boxes = checkboxes((box, 30.0))
    form = Form("T", 1, "测试", "", (), (Page((Section("", (Row((FIELD,)),)),)),))
    blank = printed(boxes)
    page = blank.copy()
    page[:, : round(45.0 * PX_PER_MM)] = 12
    layout = Layout(form, FRAME, 1, tuple(boxes), (), ())
    registered = ink_of(page, blank, boxes).page
    (seen,) = measure_page(registered, PrintedLayout(layout, (blank,)), 1, {}, _Null())
    assert seen.hidden == hidden


# --- strokes beside boxes -------------------------------------------------------------------------


def _nobodys(seen: Measurement) -> set[str | None]:
    return {box.option for box in seen.boxes if box.features.get("beside")}


def _missed(page: np.ndarray) -> None:  # type: ignore[type-arg]
    """A tick to the left of the second box."""
    x = BOXES[1].x
    stroke(page, [(x - 3.2, 31.6), (x - 2.0, 33.2), (x - 0.4, 30.6)])


def test_a_tick_beside_its_box_is_nobodys():
    assert _nobodys(_seen(_missed)) == {"o1"}
    assert _nobodys(_seen(lambda page: tick(page, BOXES[1], 1.6))) == set()  # it runs through its own
    dust = _seen(lambda page: stroke(page, [(BOXES[1].x - 1.0, 32.0), (BOXES[1].x - 0.6, 32.1)]))
    assert _nobodys(dust) == set()


@pytest.mark.parametrize(("down_to", "asks"), [(1.2, True), (-0.6, False)])
def test_a_stroke_of_the_line_above_is_nobodys_only_where_it_comes_into_the_box(down_to, asks):
    boxes, blank = BOXES[:1], printed(BOXES[:1])
    page, box = blank.copy(), boxes[0]
    end = (box.x + 3.2, box.y + down_to)
    stroke(page, [(box.x + 5.0, box.y - 6.0), end, (end[0] - 0.6, end[1] - 1.0)])
    ink = ink_of(page, blank, boxes)
    line = {"text": (box.x - 5.0, box.y - 8.0, 60.0, 8.0)}
    strokes = PageStrokes.of(ink, line, [box.area])
    seen = beside.measure(strokes, boxes, marks.measure(ink, boxes))[box.field]
    assert bool(seen.boxes[0].features.get("beside")) is asks


def test_pieces_beside_a_marked_box_are_its_own():
    def ticked_and_a_piece(page):  # type: ignore[no-untyped-def]
        tick(page, BOXES[1])
        stroke(page, [(BOXES[1].x + 4.6, 29.2), (BOXES[1].x + 6.8, 27.4)])

    assert _nobodys(_seen(ticked_and_a_piece, SEVERAL)) == set()


def test_specks_as_large_as_a_mark_are_counted():
    def dotted(page):  # type: ignore[no-untyped-def]
        for x, y in ((BOXES[0].x + 2.0, 32.0), *((20.0 + 9 * n, 50.0 + 8 * (n % 3)) for n in range(7))):
            stroke(page, [(x, y), (x + 0.4, y)], 0.9)

    looks = {box.option: box.features for box in _seen(dotted).boxes}
    assert looks["o0"]["specks"] >= 5
    assert "specks" not in looks["o1"]
    clean = _seen(lambda page: stroke(page, [(BOXES[0].x + 2.0, 32.0), (BOXES[0].x + 2.4, 32.0)], 0.9))
    assert clean.boxes[0].features["specks"] == 0.0


def test_how_long_the_stroke_is_that_a_mark_is_part_of():
    def line(page):  # type: ignore[no-untyped-def]
        tick(page, BOXES[0])
        stroke(page, [(BOXES[0].x + 1.5, BOXES[0].y + 3.3), (BOXES[0].x + 8.0, 70.0)])

    assert _seen(line).boxes[0].features["stroke_mm"] > thresholds.LONGER_THAN_MARK_MM
    assert 2.0 < _seen(lambda page: tick(page, BOXES[0])).boxes[0].features["stroke_mm"] < 8.0


def test_a_page_is_crossed_out_by_long_slanted_lines():
    assert _seen(lambda page: stroke(page, [(6.0, 6.0), (114.0, 74.0)], 0.6)).crossed_out

    def broken(page):  # type: ignore[no-untyped-def]
        for n in range(12):
            start, end = (np.array((6.0, 6.0)) + np.array((9.0, 5.6)) * (n + part) for part in (0.0, 0.7))
            stroke(page, [tuple(start), tuple(end)], 0.6)

    assert not _seen(broken).crossed_out  # no piece of it is long
    assert not _seen(lambda page: stroke(page, [(5.0, 60.0), (115.0, 61.0)], 0.6)).crossed_out  # a crease
    assert not _seen(_missed).crossed_out

    def shadow(page):  # type: ignore[no-untyped-def]
        for n in range(70):
            stroke(page, [(6.0 + 1.5 * n, 6.0 + n), (116.0, 6.0 + n)], 1.4, 0.4)

    assert not _seen(shadow).crossed_out
