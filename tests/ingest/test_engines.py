import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from ingest.engines import Engine, EngineError, TracingEngine, engine, installed

FACE = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"


def _line(words: str):  # type: ignore[no-untyped-def]
    picture = Pillow.new("L", (60 + 48 * len(words), 64), 255)
    ImageDraw.Draw(picture).text((20, 8), words, font=ImageFont.truetype(FACE, 44), fill=20)
    return np.asarray(picture)


@pytest.mark.parametrize("name", ["ppocr", "tesseract"])
def test_engines_read_print(name):
    found = engine(name).read(_line("群众入户调查表"))
    assert "".join(c.text for c in found) == "群众入户调查表"
    assert all(0 <= c.score <= 1 for c in found)


def test_engines_name_themselves_with_their_version():
    assert engine("ppocr").name.startswith("ppocr-v6-small 3.")
    assert engine("tesseract").name.startswith("tesseract-chi_sim ")


def test_a_trace_has_a_probability_for_every_character_at_every_step():
    reader: Engine = engine("ppocr")
    assert isinstance(reader, TracingEngine)
    trace = reader.trace(_line("2017"))
    assert trace.probabilities.min() >= 0
    assert trace.probabilities.sum(1).max() <= 1 + 1e-3
    assert trace.probabilities.sum(1).min() > 0.9
    assert trace.probabilities.shape[1] == len(trace.alphabet.characters) + 1


def test_traditional_forms_are_not_proposed_for_simplified_writing():
    found = engine("ppocr").read(_line("银行贷款"))
    assert "".join(c.text for c in found) == "银行贷款"


def test_an_unknown_engine_is_an_error_that_names_the_known_ones():
    with pytest.raises(EngineError, match="ppocr"):
        engine("nobody")
    assert installed() >= {"ppocr", "tesseract"}
