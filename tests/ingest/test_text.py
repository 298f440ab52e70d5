import numpy as np
import pytest
from ink_pages import PX_PER_MM, ink_of, printed, red_seal, stroke
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from ingest import text, thresholds
from ingest.ctc import Alphabet, Trace
from ingest.engines import EngineError, engine
from ingest.model import Character, Image
from layouts.model import Box, BoxKind

LINES = Box("t", BoxKind.LINES, 1, 10.0, 20.0, 90.0, 27.0, lines=3)
SHORT = Box("t", BoxKind.TEXT, 1, 10.0, 20.0, 40.0, 9.0, lines=1)
FACE = "/usr/share/fonts/truetype/klee/KleeOne-Regular.ttf"


class _Recorder:
    """Reads nothing but remembers the lines that it was shown."""

    name = "recorder 1"

    def __init__(self) -> None:
        self.lines: list[Image] = []

    def read(self, line: Image) -> tuple[Character, ...]:
        self.lines.append(line)
        return (Character("字", 0.9),)


class _Null:
    name = "null 1"

    def read(self, line: Image) -> tuple[Character, ...]:
        return ()


class _Crashing:
    name = "crashing 1"

    def read(self, line: Image) -> tuple[Character, ...]:
        raise EngineError("…")


class _Tracing:
    """Traces 张 or 王, then 三, whatever it is shown."""

    name = "tracing 1"
    alphabet = Alphabet(tuple("张王三、"))

    def read(self, line: Image) -> tuple[Character, ...]:
        return ()

    def trace(self, line: Image) -> Trace:
        p = np.full((7, 5), 0.002, np.float32)
        for step, shares in enumerate(
            [{0: 1}, {1: 0.5, 2: 0.45}, {0: 1}, {3: 0.9}, {0: 1}, {4: 1}, {2: 0.9}]
        ):
            for label, share in shares.items():
                p[step, label] = share
        return Trace(p / p.sum(1, keepdims=True), self.alphabet)


def _write(page: np.ndarray, words: str, x: float, base: float, size: float = 6.0) -> None:  # type: ignore[type-arg]
    """Black words whose feet are `base` mm down the page."""
    font = ImageFont.truetype(FACE, round(size * PX_PER_MM))
    picture = Pillow.fromarray(page)
    ImageDraw.Draw(picture).text((x * PX_PER_MM, base * PX_PER_MM), words, font=font, fill=25, anchor="ls")
    page[:] = np.asarray(picture)


def _seen(box: Box, write, reader, words=()):  # type: ignore[no-untyped-def]
    blank = printed([box])
    page = blank.copy()
    write(page)
    return text.measure(ink_of(page, blank, [box]), box, reader, words)


def test_lines_are_told_apart_by_the_ruled_ones():
    reader = _Recorder()

    def write(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, "三月中旬", 12.0, 28.5)
        _write(page, "五月中旬和六月", 12.0, 37.8)

    seen = _seen(LINES, write, reader)
    assert [line.shape[0] < 9 * PX_PER_MM for line in reader.lines] == [True, True]
    assert reader.lines[1].shape[1] > 1.5 * reader.lines[0].shape[1]
    assert seen.texts[0].text == "字字"


def test_writing_that_leaves_its_lines_stays_whole():
    reader = _Recorder()

    def write(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, "五月中旬", 12.0, 31.0)
        _write(page, "六月中旬", 12.0, 40.0)

    _seen(LINES, write, reader)
    assert len(reader.lines) == 2
    assert all(4.5 < line.shape[0] / PX_PER_MM < 9.0 for line in reader.lines)


def test_an_empty_field_is_shown_to_no_engine():
    reader = _Recorder()
    assert _seen(LINES, lambda page: None, reader) == text.WritingSeen(0.0)
    assert reader.lines == []


def test_lines_that_were_struck_out_unused_are_blank():
    def strike(page: np.ndarray) -> None:  # type: ignore[type-arg]
        stroke(page, [(12.0, 24.0), (50.0, 31.0), (95.0, 42.0)])

    reader = _Recorder()
    assert _seen(LINES, strike, reader).ink == 0.0

    def strike_words(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, "三月中旬", 12.0, 28.5)
        stroke(page, [(11.0, 26.0), (48.0, 25.0)])

    assert _seen(LINES, strike_words, reader).ink > 0.0


@pytest.mark.parametrize("words", ["中", "旬", "十中"])
def test_writing_that_a_crease_runs_along_is_not_struck_out(words):
    def write(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, words, 12.0, 28.5)
        stroke(page, [(0.0, 27.5), (120.0, 28.5)], 1.2, 0.2)

    assert _seen(LINES, write, _Recorder()).ink > 0.0


def test_a_stroke_through_several_characters_is_measured():
    def write(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, "中旬中旬", 12.0, 28.0)

    def strike(page: np.ndarray) -> None:  # type: ignore[type-arg]
        write(page)
        stroke(page, [(12.0, 25.5), (25.0, 25.2)])

    assert _seen(SHORT, write, _Recorder()).level_mm < thresholds.STRUCK_LEVEL_MM
    assert _seen(SHORT, strike, _Recorder()).level_mm >= thresholds.STRUCK_LEVEL_MM


def test_strokes_of_the_neighbours_are_left_out():
    reader = _Recorder()

    def write(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, "中旬", 12.0, 28.0)
        stroke(page, [(40.0, 16.0), (43.0, 19.2)])  # hangs in from above
        stroke(page, [(60.0, 31.0), (63.0, 36.0)])  # reaches up from below

    _seen(SHORT, write, reader)
    (line,) = reader.lines
    assert line.shape[1] < 16 * PX_PER_MM


def test_ruled_lines_do_not_reach_the_engine():
    reader = _Recorder()
    _seen(SHORT, lambda page: _write(page, "中", 12.0, 28.0), reader)
    (line,) = reader.lines
    assert (line[-3:] > 250).all()


def test_an_engine_that_fails_or_reads_nothing_leaves_the_ink():
    def write(page: np.ndarray) -> None:  # type: ignore[type-arg]
        _write(page, "中旬", 12.0, 28.0)

    failed, nothing = (_seen(SHORT, write, reader) for reader in (_Crashing(), _Null()))
    assert failed.ink > 0
    assert failed.texts == ()
    assert nothing.texts[0].text == ""


def test_words_of_a_list_are_weighed_by_the_trace():
    seen = _seen(SHORT, lambda page: _write(page, "中旬", 12.0, 28.0), _Tracing(), ("张三", "王三", "王"))
    first, second = seen.texts[0].words
    assert (first.text, second.text) == ("张三", "王")
    assert [word for word, _ in first.candidates[:2]] == ["张三", "王三"]
    assert first.likelihood == first.candidates[0][1]
    assert second.candidates[0][0] == "王"


def test_names_written_without_a_separator_are_parted_by_the_list():
    seen = _seen(
        SHORT, lambda page: _write(page, "王中丁力", 12.0, 28.0), engine("ppocr"), ("王中", "丁力", "王")
    )
    assert [word.text for word in seen.texts[0].words] == ["王中", "丁力"]
    assert [word.candidates[0][0] for word in seen.texts[0].words] == ["王中", "丁力"]


def test_handwriting_is_read():
    seen = _seen(SHORT, lambda page: _write(page, "三月中旬", 12.0, 28.0), engine("ppocr"))
    assert seen.texts[0].text == "三月中旬"
    assert min(c.score for c in seen.texts[0].characters) > 0.8


@pytest.mark.parametrize("grey", [True, False])
def test_a_red_seal_is_no_writing_where_colours_tell(grey):
    blank = printed([SHORT])
    page = red_seal(blank)
    scan = page[:, :, 1] if grey else page
    assert (text.measure(ink_of(scan, blank, [SHORT]), SHORT, _Null()).ink > 0) is grey
