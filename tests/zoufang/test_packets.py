"""What `zoufang print` makes for a sample town: every cadre's packet whole, in order, and listed exactly."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import text

from campaign.printing import CONTENT
from forms import load_catalogue
from generate.fonts import FontBook
from ingest.model import PageState, PrintedLayout, Shelf
from ingest.page import read_page
from layouts import Layout
from samples.filling import Scribes, fill
from samples.hands import Hand
from samples.pens import Paper
from store import Subject, printed, roster
from store.listed import Lists
from workspace.printing import NothingToPrintError, UnprintableError, print_packets
from zoufang import demo as stages
from zoufang.demo import Demo

DPI = 200
ONCE = ("COVER", "2-9")
FORM_OF = {"household": "2-5", "enterprise": "2-2", "project": "2-2", "village": "2-4", "notable": "2-7"}


class Town:
    """A printed sample town."""

    def __init__(self, folder: Path) -> None:
        self.demo: Demo = stages.begin(folder, 1)
        self.people = stages.make_roster(self.demo, 24)
        self.print(self.demo.packets, spare=1)

    def print(self, out: Path, cadres: list[str] | None = None, spare: int = 0) -> dict[str, Any]:
        workspace = self.demo.workspace
        chosen = cadres or [row["code"] for row in self.people["cadres"]]
        forms = list(load_catalogue(workspace / "forms"))
        print_packets(workspace, self.demo.store, chosen, forms, out, spare)
        manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
        return manifest

    @property
    def folder(self) -> Path:
        return self.demo.packets

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text("utf-8"))
        return found

    def pages(self, file: str) -> list[dict[str, Any]]:
        return [page for page in self.manifest["pages"] if page["file"] == file]

    def duties(self) -> dict[str, list[Subject]]:
        with self.demo.store.read() as db:
            found = roster.load_duties(db, 1)
        return {
            cadre: [duty.subject for duty in found if duty.cadre == cadre]
            for cadre in (row["code"] for row in self.people["cadres"])
        }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town") / "w")
    yield made
    made.demo.store.close()


def order(pages: list[dict[str, Any]]) -> list[str]:
    """The forms of a file, each run once."""
    return [form for form, _ in groupby(page["form"] for page in pages)]


def subject(page: dict[str, Any]) -> Subject | None:
    about = page["subject"]
    return Subject(about["kind"], about["code"]) if about else None


def test_every_cadres_packet_has_all_that_it_must(town: Town) -> None:
    duties = town.duties()
    assert len(duties) > 30
    for cadre in town.people["cadres"]:
        code = cadre["code"]
        pages = [page for page in town.pages(f"packet-{code}.pdf") if page["serial"]]
        about = Counter((page["form"], subject(page)) for page in pages)
        me = Subject("cadre", code)
        for form in ONCE:
            assert about[form, me] == 1, (form, code)
        assert bool(about["LEDGER", me]) == bool(duties[code])
        is_leader = cadre["type"] == "党政领导"
        assert bool(about["2-1", me]) == is_leader
        for one in duties[code]:
            if one.kind in FORM_OF:
                sides = {page["form_page"] for page in pages if subject(page) == one}
                assert sides == {1, 2}, one
        assert sum(page["form"] == "DIARY" for page in pages) == 4
        assert all(page["cadre"] == code for page in pages)


def test_a_packets_parts_come_in_the_order_in_which_they_are_needed(town: Town) -> None:
    for cadre in town.people["cadres"]:
        pages = [page for page in town.pages(f"packet-{cadre['code']}.pdf") if page["serial"]]
        forms = order(pages)
        assert forms[:2] == ["COVER", "2-9"]
        assert [form for form in forms if form in ("LEDGER", "2-1", "2-3")] == [
            form for form in ("LEDGER", "2-1", "2-3") if form in forms
        ]
        visits = [n for n, page in enumerate(pages) if page["form"] in FORM_OF.values() and subject(page)]
        diary = [n for n, page in enumerate(pages) if page["form"] == "DIARY"]
        spares = [n for n, page in enumerate(pages) if page["form"] in FORM_OF.values() and not subject(page)]
        assert max(visits, default=0) < min(diary)
        assert max(diary) < min(spares, default=10**6)
        assert bool(spares) == bool(visits)


def test_the_manifest_has_one_entry_for_each_page_of_each_file(town: Town) -> None:
    files = sorted(path.name for path in town.folder.glob("*.pdf"))
    assert files == sorted({page["file"] for page in town.manifest["pages"]})
    for file in files:
        entries = town.pages(file)
        pages = len(pypdfium2.PdfDocument(town.folder / file))
        assert sorted({page["page"] for page in entries}) == list(range(1, pages + 1))
        if not file.startswith("cards"):
            assert len(entries) == pages
    serials = [page["serial"] for page in town.manifest["pages"] if page["serial"]]
    assert len(serials) == len(set(serials)), "each sheet and card is on paper once"
    for page in town.manifest["pages"]:
        assert page["form"], "an empty back says whose it is"
        assert (page["serial"] is None) == (
            page["form_page"] is None or (page["form"] == "2-8" and page["form_page"] == 1)
        )
        assert ("x_mm" in page) == (page["form"] == "2-8" and page["serial"] is not None)


def test_a_units_bundle_holds_its_list_and_its_packets(town: Town) -> None:
    units = {cadre["unit"] for cadre in town.people["cadres"]}
    assert {bundle["unit"] for bundle in town.manifest["bundles"]} == units
    for bundle in town.manifest["bundles"]:
        document = pypdfium2.PdfDocument(town.folder / bundle["file"])
        cadres = [cadre["code"] for cadre in town.people["cadres"] if cadre["unit"] == bundle["unit"]]
        wanted = [page["serial"] for page in town.pages(f"list-{bundle['unit']}.pdf")]
        wanted += [page["serial"] for code in cadres for page in town.pages(f"packet-{code}.pdf")]
        listed = [page["serial"] for page in bundle["pages"] if page["serial"]]
        assert listed == [serial for serial in wanted if serial]
        assert max(page["page"] for page in bundle["pages"]) == len(document)
        first = [page["page"] for page in bundle["pages"] if page["form"] == "COVER" and page["serial"]]
        assert all(number % 2 for number in first), "a packet begins on a fresh piece of paper"


def test_the_list_and_the_cover_count_what_is_there(town: Town) -> None:
    unit = town.people["cadres"][0]["unit"]
    with pdfplumber.open(town.folder / f"list-{unit}.pdf") as document:
        words = document.pages[0].extract_text()
    for cadre in (c for c in town.people["cadres"] if c["unit"] == unit):
        sheets = sum(1 for page in town.pages(f"packet-{cadre['code']}.pdf") if page["serial"])
        line = next(
            line
            for line in words.splitlines()
            if cadre["name"] in line.replace(" ", "") and line[0].isdigit()
        )
        assert str(sheets) in line.split()
    file = f"packet-{town.people['cadres'][0]['code']}.pdf"
    with pdfplumber.open(town.folder / file) as document:
        cover = document.pages[0].extract_text()
    counted = Counter(page["form"] for page in town.pages(file) if page["serial"])
    assert f"{counted['DIARY']} 份 {counted['DIARY']} 面" in cover
    assert CONTENT == "content"


def test_a_ledger_lists_everybody_in_walking_order_and_the_database_knows_who(town: Town) -> None:
    duties = town.duties()
    code = max(duties, key=lambda cadre: len(duties[cadre]))
    with town.demo.store.read() as db:
        rows = Lists(db, 1).rows(("LEDGER", Subject("cadre", code), "walk"))
    assert sorted(rows) == sorted(duties[code])
    visited = [subject(page) for page in town.pages(f"packet-{code}.pdf") if page["form"] in FORM_OF.values()]
    walked = list(dict.fromkeys(one for one in visited if one))
    assert [row for row in rows if row in walked] == walked


def test_questionnaires_are_in_no_packet_and_lead_to_nobody(town: Town) -> None:
    anonymous = town.pages("anonymous.pdf")
    assert {page["form"] for page in anonymous} == {"2-6"}
    assert sum(page["form_page"] == 1 for page in anonymous) == len(town.people["cadres"])
    assert all(page["subject"] is None and page["cadre"] is None for page in anonymous)
    assert all(page["form"] != "2-6" for page in town.manifest["pages"] if page["file"] != "anonymous.pdf")
    with town.demo.store.read() as db:
        rows = db.execute(
            text("SELECT subject, cadre, job, issued_at FROM instances WHERE form = '2-6'")
        ).all()
    assert rows
    assert all(tuple(row) == (None, None, None, None) for row in rows)


def test_spares_are_marked_and_have_cells_for_the_code(town: Town) -> None:
    with town.demo.store.read() as db:
        layouts = printed.load_layouts(db).values()
    spares = {layout.form.id: layout for layout in layouts if "未预印" in layout.form.appendix}
    households = {row["code"] for row in town.people["households"]}
    assert spares["2-5"].form.field("subject_code").cells == len(next(iter(households)))
    assert (spares["2-5"].pages, spares["2-2"].pages) == (2, 2)


def test_dissatisfaction_is_about_units_of_the_roster(town: Town) -> None:
    with town.demo.store.read() as db:
        layouts = [layout for layout in printed.load_layouts(db).values() if layout.form.id == "2-2"]
    for layout in layouts:
        options = {option.key: option.label for option in layout.form.field("dissatisfied_units").options}
        units = {row["code"]: row["name"] for row in town.people["units"] if row["type"] != "村（社区）"}
        assert options == {**units, "other": "其他"}


def test_printing_again_makes_no_second_sheet_of_the_same(town: Town, tmp_path: Path) -> None:
    code = town.people["cadres"][0]["code"]
    again = town.print(tmp_path, [code])

    def named(pages: list[dict[str, Any]]) -> list[str]:
        return [page["serial"] for page in pages if page["serial"] and page["subject"]]

    packet = [page for page in again["pages"] if page["file"] == f"packet-{code}.pdf"]
    assert named(packet) == named(town.pages(f"packet-{code}.pdf"))


def test_a_character_that_no_font_has_is_named_with_its_person_and_nothing_is_issued(
    town: Town, tmp_path: Path
) -> None:
    with town.demo.store.write() as db:
        cadres = roster.load(db, "cadres")["cadres"]
        code, name = cadres[0]["code"], cadres[0]["name"]
        cadres[0]["name"] = "陈\U000f1234"
        roster.replace(db, {"cadres": cadres})
        before = len(printed.sheet_index(db))
    try:
        with pytest.raises(UnprintableError) as caught:
            town.print(tmp_path, [code])
        assert any(code in fault and "U+F1234" in fault for fault in caught.value.faults)
        assert list(tmp_path.iterdir()) == []
        with town.demo.store.read() as db:
            assert len(printed.sheet_index(db)) == before
    finally:
        with town.demo.store.write() as db:
            cadres[0]["name"] = name
            roster.replace(db, {"cadres": cadres})


def test_where_there_is_nothing_to_print_no_job_is_begun(town: Town, tmp_path: Path) -> None:
    kinds = {cadre: {subject.kind for subject in duties} for cadre, duties in town.duties().items()}
    code = next(cadre for cadre, found in kinds.items() if "household" not in found)
    forms = [form for form in load_catalogue() if form.id == "2-5"]

    def print_it(spare: int) -> int:
        return print_packets(
            town.demo.workspace, town.demo.store, [code], forms, tmp_path, spare, asked=["2-5"]
        ).job

    with pytest.raises(NothingToPrintError):
        print_it(spare=0)
    before, after = print_it(spare=1), print_it(spare=1)
    with pytest.raises(NothingToPrintError):
        print_it(spare=0)
    assert (after - before, print_it(spare=1) - after) == (1, 1)


def test_the_offices_own_font_is_used(town: Town, tmp_path: Path) -> None:
    own = next(path for path in map(Path, _font_files()) if path.name == "uming.ttc")
    config = town.demo.workspace / "zoufang.toml"
    before = config.read_text("utf-8")
    config.write_text(before + f'\n[fonts]\ntitle = "{own}"\n', "utf-8")
    workspace = type(town.demo.workspace)(town.demo.workspace.root)
    config.write_text(before, "utf-8")
    config.write_text(before + f'\n[fonts]\ntitle = "{own}"\n', "utf-8")
    try:
        assert FontBook(workspace.fonts).runs("表", "title")[0].face.startswith(str(own))
    finally:
        config.write_text(before, "utf-8")


def _font_files() -> Iterator[str]:
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts"):
        yield from (str(path) for path in Path(folder).rglob("*.ttc"))


# --- two versions of a form in one stack ----------------------------------------------------------


def test_two_versions_of_a_form_in_one_stack_are_both_read_right(town: Town, tmp_path: Path) -> None:
    """An office changes a question between two print jobs; each sheet is read by its own layout."""
    code = next(
        cadre for cadre, duties in town.duties().items() if any(s.kind == "household" for s in duties)
    )
    old = _first_side(town.folder, town.manifest, code)
    shipped = Path(__file__).parents[2] / "forms" / "2-5.yaml"
    changed = shipped.read_text("utf-8").replace("version: 1", "version: 2")
    changed = changed.replace(
        "              label: 住房\n",
        "              label: 住房类型\n",
    ).replace("self_built: 自建, commercial: 商品房", "commercial: 商品房, self_built: 自建")
    own = town.demo.workspace / "forms" / "2-5.yaml"
    own.write_text(changed, "utf-8")
    try:
        again = town.print(tmp_path, [code])
    finally:
        own.unlink()
    new = _first_side(tmp_path, again, code)
    assert old[0] != new[0]

    with town.demo.store.read() as db:
        index = printed.sheet_index(db)
        layouts = {index[s][0]: printed.load_layout(db, index[s][0]) for s in (old[0], new[0])}
        shelf = Shelf(
            town.demo.workspace.key,
            {digest: PrintedLayout(layout, _blanks(db, digest)) for digest, layout in layouts.items()},
            {serial: index[serial] for serial in (old[0], new[0])},
        )
    versions = []
    for serial, picture in (new, old):
        layout = layouts[index[serial][0]]
        result = read_page(_filled(picture, layout), shelf)
        assert (result.state, result.serial) == (PageState.READ, serial)
        read = {reading.field: reading.value for reading in result.readings}
        assert (read["housing"], read["visit_result"]) == ("commercial", "done")
        versions.append(layout.form.version)
    assert versions == [2, 1]


def _first_side(folder: Path, manifest: dict[str, Any], code: str) -> tuple[str, np.ndarray]:
    page = next(
        page
        for page in manifest["pages"]
        if page["file"] == f"packet-{code}.pdf" and page["form"] == "2-5" and page["subject"]
    )
    document = pypdfium2.PdfDocument(folder / page["file"])
    picture = document[page["page"] - 1].render(scale=DPI / 72, rev_byteorder=True).to_numpy()
    return page["serial"], np.array(picture)


def _blanks(db: Any, digest: str) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(Image.open(io.BytesIO(png))) for png in printed.load_blanks(db, digest))


def _filled(picture: np.ndarray, layout: Layout) -> np.ndarray:
    paper = Paper(picture.copy(), DPI / 25.4)
    scribes = Scribes(Hand.of("a", 1), Hand.of("b", 1))
    told = {"housing": "commercial", "visit_result": "done", "visit_mode": "in_person"}
    fill(paper, layout, 1, told, scribes, np.random.default_rng(3), carelessness=0.0)
    return paper.pixels
