import numpy as np
import pytest
from fontTools.ttLib import TTFont
from on_paper import undrawn
from PIL import Image, ImageChops, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

import generate.fonts as fonts_module
from generate import FontBook, FontError, MissingGlyphsError, outlines
from generate.fonts import ROLES
from generate.outlines import PostScriptFace

RARE = "喆堃珺玥璟赟滆𠮷𬭎"
ZENHEI = ("wqy-zenhei.ttc", 0)


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"serial"}))
def test_rare_characters_of_names_are_drawn_in_every_role(role, fonts, tmp_path):
    canvas = Canvas(str(tmp_path / "rare.pdf"))
    words = canvas.beginText(50, 700)
    for run in fonts.runs(f"张{RARE}A1·", role):
        words.setFont(run.face, 20)
        words.textOut(run.text)
    canvas.drawText(words)
    canvas.save()
    assert undrawn(tmp_path / "rare.pdf") == set()


def test_what_no_face_has_is_named_and_never_vanishes(monkeypatch):
    monkeypatch.setattr(fonts_module, "_STACKS", dict.fromkeys(ROLES, (ZENHEI,)))
    with pytest.raises(MissingGlyphsError) as raised:
        FontBook().runs("张𠮷喆𬭎𠮷", "song")
    assert raised.value.characters == ("𠮷", "𬭎")
    assert "𠮷（U+20BB7）、𬭎（U+2CB4E）" in str(raised.value)


def test_a_character_is_taken_from_the_next_face_that_has_it(monkeypatch):
    stack = (ZENHEI, ("NotoSerifCJK-Regular.ttc", 2))
    monkeypatch.setattr(fonts_module, "_STACKS", dict.fromkeys(ROLES, stack))
    runs = FontBook().runs("张𠮷强", "song")
    assert [run.text for run in runs] == ["张", "𠮷", "强"]
    assert runs[0].face == runs[2].face != runs[1].face


def test_an_office_may_name_its_own_font_file():
    own = fonts_module._find("uming.ttc")
    book = FontBook({"title": own})
    assert "uming" in book.runs("走访", "title")[0].face
    assert book.runs("𠮷", "title")  # what it lacks comes from the usual faces


def test_a_face_with_postscript_outlines_is_converted_once(monkeypatch, tmp_path):
    face = PostScriptFace(fonts_module._find("NotoSerifCJK-Regular.ttc"), 2)
    monkeypatch.setattr(outlines, "_cache_folder", lambda: tmp_path)
    part = face.part_of("𠮷")
    copy = face.copy(part)
    made = copy.read_bytes()
    with TTFont(copy) as font:
        assert font.getBestCmap().keys() >= {ord("𠮷")}
    copy.unlink()
    assert face.copy(part) == copy
    assert copy.read_bytes() == made
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_converted_outlines_keep_to_the_original():
    path = fonts_module._find("NotoSerifCJK-Regular.ttc")
    original = ImageFont.truetype(path, 200, index=2)
    copied = ImageFont.truetype(PostScriptFace(path, 2).copy("common"), 200)
    for character in "走访镇，8":
        assert original.getlength(character) == copied.getlength(character)
        difference = ImageChops.difference(drawn(character, original), drawn(character, copied))
        assert np.asarray(difference).mean() < 3.0, character  # hinting; another face: 4 to 25


def drawn(character, font):
    image = Image.new("L", (260, 260))
    ImageDraw.Draw(image).text((20, 220), character, fill=255, font=font, anchor="ls")
    return image


def test_a_file_that_is_no_font_is_refused_by_name(tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    with pytest.raises(FontError, match=r"broken\.ttf"):
        FontBook({"title": broken}).runs("走访", "title")
    with pytest.raises(FontError, match=r"missing\.ttf"):
        FontBook({"title": tmp_path / "missing.ttf"}).runs("走访", "title")


def test_a_role_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(FontError, match=r"heading.*title"):
        FontBook({"heading": tmp_path / "any.ttf"})


def test_without_any_font_the_office_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts_module, "_STACKS", dict.fromkeys(ROLES, (("nowhere.ttf", 0),)))
    with pytest.raises(FontError, match=r"nowhere\.ttf"):
        FontBook()
