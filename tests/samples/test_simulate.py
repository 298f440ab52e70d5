"""Packets come back: every sheet once, in files that open, with a truth that covers each field."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pillow_heif
import pypdfium2
import pytest
from PIL import Image, ImageOps, ImageSequence
from returned_packet import Printed

from forms import Kind
from samples.answers import Circumstances, answer
from samples.files import KINDS, Scanned
from samples.simulate import NOTHING_GOES_WRONG, Mishaps, Returned, simulate_return


def back(packet: Printed, out: Path, seed: int = 1, **more: Any) -> Returned:
    options: dict[str, Any] = {"jobs": 1, "dpi": 75, **more}
    return simulate_return(packet.folder, packet.sides, out, seed, **options)


def load(out: Path, name: str) -> Any:
    return json.loads((out / name).read_text("utf-8"))


def count_pages(path: Path) -> int:
    if path.suffix == ".pdf":
        with pikepdf.open(path) as document:
            return len(document.pages)
    if path.suffix == ".heic":
        return len(pillow_heif.open_heif(path))
    with Image.open(path) as image:
        return sum(1 for _ in ImageSequence.Iterator(image))


def test_every_sheet_comes_back_with_every_field(packet: Printed, tmp_path: Path) -> None:
    returned = back(packet, tmp_path, mishaps=NOTHING_GOES_WRONG)
    truth = load(tmp_path, "truth.json")
    assert returned.sheets == len(truth) == len(packet.sides)
    for serial, side in packet.sides.items():
        asked = {f.key for f in side.layout.fields_on_page(side.page) if f.kind is not Kind.PREFILL}
        assert set(truth[serial]["fields"]) == asked
        assert truth[serial]["page"] == side.page
        assert set(truth[serial]["ambiguous"]) <= asked


def test_files_open_and_have_the_pages_that_are_listed(packet: Printed, tmp_path: Path) -> None:
    often = Mishaps(0, 0, 0.3, 0.2, 0.3, 0.3, 0.3, 0.3, 0)
    returned = back(packet, tmp_path, seed=3, mishaps=often)
    pages = load(tmp_path, "pages.json")
    assert returned.pages == len(pages)
    for path in returned.files:
        listed = [entry["page"] for entry in pages if entry["file"] == path.name]
        assert listed == list(range(1, count_pages(path) + 1))
    kinds = {entry["kind"] for entry in pages}
    assert kinds >= {"sheet", "copy", "blank"}
    for serial, said in load(tmp_path, "truth.json").items():
        [entry] = [e for e in pages if (e["file"], e["page"]) == (said["file"], said["page_in_file"])]
        assert (entry["serial"], entry["kind"]) == (serial, "sheet")


def test_two_pages_may_lie_on_one_glass(packet: Printed, tmp_path: Path) -> None:
    back(packet, tmp_path, mishaps=Mishaps(0, 0, 0, 0, 0, 0, 0, 0, paired=1.0))
    pages = load(tmp_path, "pages.json")
    places = Counter((entry["file"], entry["page"]) for entry in pages)
    assert max(places.values()) == 2
    assert {entry["serial"] for entry in pages} == set(packet.sides)


def test_given_answers_are_the_truth(packet: Printed, tmp_path: Path) -> None:
    given = {
        side.instance: answer(side.layout.form, np.random.default_rng(4), Circumstances(completed=1.0))
        for side in packet.sides.values()
    }
    back(packet, tmp_path, answers=given, carelessness=0.0, mishaps=NOTHING_GOES_WRONG)
    for serial, said in load(tmp_path, "truth.json").items():
        expected = given[packet.sides[serial].instance]
        assert said["fields"] == {key: expected[key] for key in said["fields"]}
        assert said["ambiguous"] == []


def test_one_hand_for_a_cadre_and_its_own_for_every_sealed_side(packet: Printed, tmp_path: Path) -> None:
    back(packet, tmp_path, mishaps=NOTHING_GOES_WRONG)
    open_writers: set[str] = set()
    sealed_writers: list[str] = []
    for serial, said in load(tmp_path, "truth.json").items():
        if packet.sides[serial].page in packet.sides[serial].layout.sealed_pages:
            sealed_writers.append(said["writer"])
        else:
            open_writers.add(said["writer"])
    assert open_writers == {"G0", "G1"}
    assert len(set(sealed_writers)) == len(sealed_writers) == 2
    assert not open_writers & set(sealed_writers)


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_processes(
    packet: Printed, tmp_path: Path
) -> None:
    for jobs in (1, 2):
        back(packet, tmp_path / str(jobs), seed=5, jobs=jobs)
    files = [sorted((tmp_path / jobs).iterdir()) for jobs in ("1", "2")]
    assert [path.name for path in files[0]] == [path.name for path in files[1]]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))


def test_sheets_go_missing(packet: Printed, tmp_path: Path) -> None:
    back(packet, tmp_path, mishaps=Mishaps(missing=0.5, lost=0.0))
    here = {packet.sides[serial].instance for serial in load(tmp_path, "truth.json")}
    assert 0 < len(here) < 6


def test_a_sheet_filled_in_twice_is_certain_of_nothing(packet: Printed, tmp_path: Path) -> None:
    always = Mishaps(0, 0, 0, 1.0, 0, 0, 0, 0)
    back(packet, tmp_path, mishaps=always)
    truth = load(tmp_path, "truth.json")
    assert all(set(said["ambiguous"]) == set(said["fields"]) for said in truth.values())
    serials = [entry["serial"] for entry in load(tmp_path, "pages.json")]
    assert all(serials.count(serial) == 2 for serial in truth)


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture
def picture() -> np.ndarray[Any, Any]:
    """White, a black bar along the top, a red one along the left."""
    pixels = np.full((300, 200, 3), 255, np.uint8)
    pixels[40:, :30] = (220, 30, 30)
    pixels[:40] = 0
    return pixels


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_files_show_what_was_scanned(tmp_path: Path, picture: np.ndarray[Any, Any], kind: str) -> None:
    path = tmp_path / f"a{KINDS[kind].suffix}"
    KINDS[kind].write(path, [Scanned(picture, 100, exif_turn=1 if kind == "jpeg" else 0)])
    if kind == "pdf":
        with pypdfium2.PdfDocument(path) as document:
            shown = np.array(document[0].render(scale=100 / 72).to_pil().convert("RGB"))
    elif kind == "heic":
        shown = np.array(pillow_heif.open_heif(path).to_pillow().convert("RGB"))
    else:
        with Image.open(path) as image:
            assert round(float(image.info["dpi"][0])) == 100
            shown = np.array(ImageOps.exif_transpose(image).convert("RGB"))
    assert shown.shape == picture.shape
    assert shown[:30].mean() < 15
    assert shown[60:, 50:].mean() > 240


def test_black_and_white_pages_of_a_pdf_are_fax_coded_and_not_inverted(tmp_path: Path) -> None:
    pixels = np.full((300, 200), 255, np.uint8)
    pixels[:40] = 0
    KINDS["pdf"].write(tmp_path / "a.pdf", [Scanned(pixels, 100, black=True)])
    with pikepdf.open(tmp_path / "a.pdf") as document:
        assert document.pages[0].Resources.XObject.Im0.Filter == "/CCITTFaxDecode"
    with pypdfium2.PdfDocument(tmp_path / "a.pdf") as document:
        shown = np.array(document[0].render(scale=100 / 72).to_pil().convert("L"))
    assert shown[:30].mean() < 10
    assert shown[60:].mean() > 245
