"""A small grey picture of every side of every form, with example facts, as it should look.

After a wanted change: `.venv/bin/python tests/generate/golden_forms.py`, then look at the pictures that
git calls changed.
"""

from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from campaign.facts import facts_for
from forms import load_catalogue
from forms.options import EXAMPLES, resolved
from generate import CardPrint, CardSet, FontBook, SheetPrint, write_pdf
from layouts import Identity, Key, place
from zoufang.trying import example_facts

REGENERATE = False
FOLDER = Path(__file__).parent / "golden"
DPI = 50
KEY = Key(bytes(range(32)))
SERIAL = "0123456789AB"


def draw(folder):
    """Name → picture (grey), of all forms; a serial that never changes makes codes that do not either."""
    fonts, found, serial = FontBook(), {}, SERIAL
    for form in load_catalogue():
        facts = facts_for(form.fields(), example_facts(form))
        path = folder / f"{form.id}.pdf"
        if form.kind == "card":
            card = CardPrint(serial, KEY.encode(Identity(serial, form.id, 2)), facts)
            entries = write_pdf(path, [CardSet(form, (card,))], fonts)
        else:
            layout = place(resolved(form, EXAMPLES))
            sides = [
                SheetPrint(
                    layout, page, layout.pages, serial, KEY.encode(Identity(serial, form.id, page)), facts
                )
                for page in range(1, layout.pages + 1)
            ]
            entries = write_pdf(path, sides, fonts)
        document = pypdfium2.PdfDocument(path)
        for entry in entries:
            if entry.form_page is not None:
                image = document[entry.page - 1].render(scale=DPI / 72, grayscale=True).to_pil()
                found[f"{form.id}-{entry.form_page}"] = np.asarray(image.convert("L"))
    return found


def difference(picture, golden):
    """Share of the picture that looks different: blurred, so that a face drawn a little otherwise by
    another version of the renderer does not count, and a line or a word that has moved does."""
    a, b = (cv2.GaussianBlur(p.astype(np.float32), (0, 0), 1.2) for p in (picture, golden))
    return float((np.abs(a - b) > 24).mean())


def regenerate(folder):
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name, picture in draw(folder).items():
        coarse = (np.round(picture / 17) * 17).astype(np.uint8)  # 16 greys: half the size
        Image.fromarray(coarse).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        regenerate(Path(scratch))
