import golden_forms
import numpy as np
import pytest
from golden_forms import FOLDER, difference, draw, regenerate
from PIL import Image


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    if golden_forms.REGENERATE:
        regenerate(tmp_path_factory.mktemp("golden"))
    return draw(tmp_path_factory.mktemp("forms"))


def golden(name):
    return np.asarray(Image.open(FOLDER / f"{name}.png").convert("L"))


def test_pictures_are_not_made_anew_by_the_test_that_compares_with_them():
    assert not golden_forms.REGENERATE


def test_every_side_has_its_picture_and_no_other_is_left(pictures):
    assert set(pictures) == {path.stem for path in FOLDER.glob("*.png")}


def test_every_form_looks_as_it_did(pictures):
    changed = {
        name: difference(picture, golden(name))
        for name, picture in pictures.items()
        if picture.shape != golden(name).shape or difference(picture, golden(name)) > 0.001
    }
    assert not changed, "look at them, then run golden_forms.py if that is how they should look"


def test_a_label_that_moved_by_two_millimetres_is_noticed(pictures):
    picture = pictures["2-5-1"]
    moved = picture.copy()
    moved[200:210, 20:100] = np.roll(picture, 4, axis=1)[200:210, 20:100]
    band = slice(130, 240)
    moved[band] = np.roll(picture, 4, axis=0)[band]
    assert difference(moved, picture) > 0.005
