"""Whatever order paper comes back in, and whatever lies between it: every page has a state, what needs a
person has a problem of its own kind, and records have what belongs to them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image as Pillow

from campaign.records import Record, records
from campaign.voiding import VoidError, revive, void
from forms import Value, load_catalogue
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest.model import Image, PageResult, PageState
from layouts import Identity, Key, Layout, place
from review import looks
from samples.filling import Scribes, fill
from samples.hands import Hand
from samples.pens import Paper
from samples.strangers import STRANGERS
from store import Store, Subject, Wanted, printed, roster, scanned
from workspace.folder import Workspace
from workspace.pool import Processes
from workspace.rejudging import reread
from workspace.scanning import Batch, scan

DPI = 150
NAMES = "甲乙丙丁"
ANSWERS: Mapping[str, Value] = {"registered": "04", "resident": "03"}
OTHERS: Mapping[str, Value] = {"registered": "17", "resident": "15"}
"""Of a second household on a copy of the first one's form."""


@dataclass
class Town:
    """A workspace with one form handed out to each household, and what its sheets look like."""

    workspace: Workspace
    store: Store
    layout: Layout
    scans: Path
    files: int = 0

    def issue(self, household: str, layout: Layout | None = None) -> dict[int, str]:
        """Serials by page."""
        layout = layout or self.layout
        subject = Subject("household", household)
        with self.store.write() as db:
            printed.keep_layout(db, layout)
            printed.keep_blanks(db, layout.digest, blank_pages(layout))
            wanted = Wanted(layout.digest, layout.form.id, layout.form.version, (1, 2), 1, subject, "C1")
            job = printed.start_job(db, {})
            return printed.issue(db, [wanted], self.workspace.key.new_serial, job)[0].serials

    def side(
        self,
        serials: Mapping[int, str],
        page: int,
        answers: Mapping[str, Value] = ANSWERS,
        key: Key | None = None,
    ) -> Image:
        """One side, printed and filled in."""
        with self.store.read() as db:
            sheet = printed.sheet(db, serials[page])
            layout = printed.load_layout(db, sheet.layout) if sheet else self.layout
        code = (key or self.workspace.key).encode(Identity(serials[page], layout.form.id, page))
        paper = Paper(_picture(layout, page, serials[page], code, self.scans.parent), DPI / 25.4)
        scribes = Scribes(Hand.of("clerk", 1), Hand.of("subject", 1))
        fill(paper, layout, page, answers, scribes, np.random.default_rng(page), carelessness=0.0)
        return paper.pixels

    def scan(self, *pages: Image) -> Batch:
        """The pages in one file, read as a batch of its own."""
        self.files += 1
        path = self.scans / f"{self.files}.tif"
        first, *rest = (Pillow.fromarray(page) for page in pages)
        first.save(path, save_all=True, append_images=rest, compression="tiff_lzw", dpi=(DPI, DPI))
        return scan(self.workspace, self.store, [path], Processes(1), "li")

    def records(self) -> dict[str, Record]:
        """By household."""
        with self.store.read() as db:
            found = list(records(db, self.workspace.campaign))
        return {one.subject.code: one for one in found if one.subject}

    def states(self) -> list[str]:
        with self.store.read() as db:
            return [page.state for page in scanned.pages(db)]


def _picture(layout: Layout, page: int, serial: str, code: str, folder: Path) -> Image:
    path = folder / "side.pdf"
    places = [
        e.page
        for e in write_pdf(path, [SheetPrint(layout, page, layout.pages, serial, code, {})])
        if e.serial
    ]
    with pypdfium2.PdfDocument(path) as document:
        bitmap = document[places[0] - 1].render(scale=DPI / 72, grayscale=True)
        return bitmap.to_numpy().reshape(bitmap.height, bitmap.width).copy()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("assembly") / "workspace"
    store = Workspace.create(root).open_store()
    with store.write() as db:
        roster.replace(
            db,
            {
                "units": [{"code": "U1", "name": "经发局"}],
                "villages": [{"code": "V1", "name": "孟河村"}],
                "cadres": [{"code": "C1", "name": "陈国强", "type": "事业", "unit": "U1"}],
                "groups": [{"code": "G1", "village": "V1", "number": "1组"}],
                "households": [
                    {"code": f"H{n}", "village": "V1", "group": "G1", "head": name}
                    for n, name in enumerate(NAMES, 1)
                ],
            },
        )
    store.close()
    return root


@pytest.fixture
def town(empty: Path, tmp_path: Path) -> Town:
    workspace = Workspace.find(Path(shutil.copytree(empty, tmp_path / "workspace")))
    (tmp_path / "scans").mkdir()
    layout = place(load_catalogue()["2-5"])
    return Town(workspace, workspace.open_store(), layout, tmp_path / "scans")


def stranger(kind: str) -> Image:
    return STRANGERS[kind](np.random.default_rng(1), DPI, False)


def kinds(batch: Batch) -> list[str]:
    return [problem.kind for problem in batch.problems]


def test_sides_come_together_across_batches_whatever_lies_between_them(town: Town) -> None:
    one, two, three = (town.issue(f"H{n}") for n in (1, 2, 3))
    first = town.scan(
        town.side(one, 2),
        stranger("blank"),
        np.rot90(town.side(two, 1), 2),
        stranger("separator"),
        stranger("card copy"),
        stranger("other form"),
        town.side(three, 1),
    )
    assert town.states() == ["read", "blank", "read", "unknown", "unknown", "foreign", "read"]
    assert kinds(first) == ["no_code", "no_code", "foreign_code"], "blank backs are no problem"
    assert all(record.missing_pages for record in town.records().values())

    other_town = Key(b"another town, another campaign!!")
    elsewhere = {1: other_town.new_serial()}
    second = town.scan(
        town.side(two, 2), town.side(one, 1), town.side(elsewhere, 1, key=other_town), stranger("letter")
    )
    assert dict(second.states) == {"read": 2, "foreign": 1, "unknown": 1}
    assert kinds(second) == ["forged_code", "no_code"]
    missing = {household: record.missing_pages for household, record in town.records().items()}
    assert missing == {"H1": (), "H2": (), "H3": (2,)}
    assert town.records()["H1"].value("registered") == "04"


def test_what_came_back_before_is_known_or_a_duplicate(town: Town) -> None:
    one = town.issue("H1")
    page = town.side(one, 1)
    town.scan(page, town.side(one, 2))
    again = scan(town.workspace, town.store, [town.scans / "1.tif"], Processes(1), "li")
    assert (again.known, again.pages) == (1, 0), "the same file"

    same = town.scan(np.roll(page, 3, 0))
    assert (dict(same.states), kinds(same)) == ({"duplicate": 1}, [])
    assert town.records()["H1"].value("registered") == "04"

    copied = town.scan(town.side(one, 1, OTHERS))
    assert (dict(copied.states), kinds(copied)) == ({"duplicate": 1}, ["duplicate_differs"])
    assert "户籍" in copied.problems[0].message
    assert "registered" in town.records()["H1"].to_review

    with town.store.write() as db:
        page = scanned.pages(db, states=("duplicate",))[-1]
        looks.reject(db, page, "li", "复印件")
        for problem in scanned.load_problems(db, settled=False):
            scanned.settle_problem(db, problem.id, "li")
        looks.restore(db, scanned.pages(db, states=("rejected",))[0], "li")
        assert [one.kind for one in scanned.load_problems(db, settled=False)] == ["duplicate_differs"]


def test_an_older_version_of_a_form_is_read_by_its_own_layout(town: Town) -> None:
    newer = place(replace(town.layout.form, version=town.layout.form.version + 1))
    old, new = town.issue("H1"), town.issue("H2", newer)
    batch = town.scan(town.side(old, 1), town.side(new, 1))
    assert dict(batch.states) == {"read": 2}
    versions = {household: record.form_version for household, record in town.records().items()}
    assert versions == {"H1": town.layout.form.version, "H2": newer.form.version}


def test_two_sheets_on_one_glass_are_two_pages(town: Town) -> None:
    one, two = town.issue("H1"), town.issue("H2")
    batch = town.scan(np.hstack((town.side(one, 1), np.rot90(town.side(two, 1), 2))))
    assert dict(batch.states) == {"read": 2}
    assert set(town.records()) == {"H1", "H2"}
    with town.store.read() as db:
        assert [(page.number, page.part) for page in scanned.pages(db)] == [(1, 1), (1, 2)]


def test_looking_at_kept_images_again_finds_what_was_missed_and_changes_nothing_else(town: Town) -> None:
    """What a version before could not read, and sheets that were not there yet when they were scanned."""
    one, two = town.issue("H1"), town.issue("H2")
    glass = np.hstack((town.side(one, 1), np.rot90(town.side(two, 1), 2)))
    town.scan(glass, town.side(one, 2))
    with town.store.write() as db:
        (first,), (second,) = (scanned.pages(db, serial=serials[1]) for serials in (one, two))
        missed = PageResult(PageState.UNREADABLE)
        scanned.save_page(db, second.batch, second.scan, second.number, missed, second.part)
        scanned.add_correction(db, one[1], "registered", "05", "周")
    assert "H2" not in town.records()

    changes = reread(town.workspace, town.store, Processes(1))
    assert (changes.pages, changes.better) == (2, 1)
    found = town.records()
    assert found["H2"].answers["registered"].value == ANSWERS["registered"]
    assert found["H1"].answers["registered"].value == "05"
    with town.store.read() as db:
        pages = scanned.pages(db)
    assert first in pages, "a look that found nothing new was stored again"
    assert reread(town.workspace, town.store, Processes(1)).changed == 0
    with town.store.read() as db:
        assert scanned.pages(db) == pages


def test_a_void_form_counts_for_nothing_and_its_replacement_does(town: Town) -> None:
    spoiled, kept = town.issue("H1"), town.issue("H2")
    town.scan(town.side(spoiled, 1))
    with town.store.write() as db:
        done = void(db, spoiled[2], "li", "印错了")
    assert (set(done.serials), done.pages) == ({*spoiled.values()}, 1)
    assert town.records() == {}
    new = town.issue("H1")
    assert not {*new.values()} & {*spoiled.values()}
    assert town.issue("H1") == new, "printing once more does not make a third"

    late = town.scan(town.side(spoiled, 2), town.side(new, 1, OTHERS), town.side(kept, 1))
    assert dict(late.states) == {"void": 1, "read": 2}
    assert kinds(late) == ["void_returned"]
    assert "印错了" in late.problems[0].message
    assert town.records()["H1"].value("registered") == "17"
    assert {*town.records()["H1"].serials.values()} == {*new.values()}


def test_a_form_declared_void_by_mistake_counts_again(town: Town) -> None:
    one = town.issue("H1")
    town.scan(town.side(one, 1))
    with town.store.write() as db:
        void(db, one[1], "li", "")
    town.scan(town.side(one, 2))
    with town.store.write() as db:
        revive(db, one[1], "li", town.workspace.campaign.acceptance)
    record = town.records()["H1"]
    assert (record.missing_pages, record.value("registered")) == ((), "04")
    with town.store.write() as db:
        assert scanned.load_problems(db, settled=False) == []
        with pytest.raises(VoidError, match="没有作废"):
            revive(db, one[1], "li", town.workspace.campaign.acceptance)
