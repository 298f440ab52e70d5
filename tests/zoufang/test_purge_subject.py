"""Somebody asks to be forgotten: their pages, rows and words go, and nobody else's."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from click.testing import CliRunner, Result
from kept_town import DEADLY, run_python
from PIL import Image as Pillow
from sqlalchemy import select
from test_assembly import Town

from campaign.forgetting import ForgetError
from campaign.gleaning import glean
from campaign.judge import Status
from campaign.personal import ERASED
from forms import Value, load_catalogue
from generate.blank import blank_pages
from ingest import intake
from ingest.model import Image
from layouts import Layout, place
from store import Subject, Wanted, audit, erasures, printed, roster, scanned
from store.listed import Lists
from store.opinions import load as load_opinions
from store.schema import readings
from workspace import backup, purging
from workspace.folder import Workspace
from workspace.pool import Processes
from workspace.rejudging import redecide, reread
from workspace.scanning import scan
from zoufang.cli import cli
from zoufang.console import Exit

HEADS = ("王小明", "李桂英", "赵喆")
DOORS = ("孟河路18号", "齐梁巷3号", "南街9号")
ANSWERS: Mapping[str, Value] = {
    "visit_date": "2017-04-06",
    "visit_mode": "in_person",
    "visit_result": "done",
    "registered": "04",
    "phone": "13912345678",
    "income": ["farming"],
    "opinion_1.nature": "problem",
    "opinion_1.category": "roads",
    "opinion_1.text": "路灯不亮",
}
FIRST, SECOND, THIRD = (Subject("household", f"H{n}") for n in (1, 2, 3))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two households' forms in one TIFF, the first one's back beside the second's in one picture of a PDF."""
    base = tmp_path_factory.mktemp("asked")
    workspace = Workspace.create(base / "town")
    (base / "scans").mkdir()
    town = Town(workspace, workspace.open_store(), place(load_catalogue()["2-5"]), base / "scans")
    with town.store.write() as db:
        roster.replace(db, _rows())
    one, two = (_issue(town, f"H{n}", town.layout) for n in (1, 2))
    town.scan(town.side(one, 1, ANSWERS), town.side(two, 1, ANSWERS), np.full((400, 300), 255, np.uint8))
    _scan_pdf(town, np.hstack([town.side(one, 2, ANSWERS), town.side(two, 2, ANSWERS)]))
    _return_ledger(town)
    _correct(town, one)
    glean(town.store, workspace.campaign, "li")
    shutil.copy(base / "scans" / "1.tif", workspace / "inbox" / "1.tif")
    town.store.close()
    return base / "town"


def _rows() -> dict[str, list[dict[str, Any]]]:
    households = [
        {"code": f"H{n}", "village": "V1", "group": "G1", "head": head, "door": door, "phone": "13800000001"}
        for n, (head, door) in enumerate(zip(HEADS, DOORS, strict=True), 1)
    ]
    return {
        "units": [{"code": "U1", "name": "经发局"}],
        "villages": [{"code": "V1", "name": "孟河村"}],
        "cadres": [{"code": "C1", "name": "陈国强", "type": "事业", "unit": "U1"}],
        "groups": [{"code": "G1", "village": "V1", "number": "1组"}],
        "households": households,
        "enterprises": [{"code": "H3", "name": "喆达公司", "category": "中小企业", "contact": "赵喆"}],
    }


def _issue(town: Town, household: str, layout: Layout, pages: tuple[int, ...] = (1, 2)) -> dict[int, str]:
    subject = Subject("cadre", "C1") if layout.form.id == "LEDGER" else Subject("household", household)
    with town.store.write() as db:
        printed.keep_layout(db, layout)
        printed.keep_blanks(db, layout.digest, blank_pages(layout))
        wanted = Wanted(layout.digest, layout.form.id, layout.form.version, pages, 1, subject, "C1")
        job = printed.start_job(db, {})
        return printed.issue(db, [wanted], town.workspace.key.new_serial, job)[0].serials


def _scan_pdf(town: Town, pixels: Image) -> None:
    pdf, data = town.scans / "beside.pdf", town.scans / "beside.jpg"
    Pillow.fromarray(pixels).save(data, quality=90, dpi=(150, 150))
    Pillow.open(data).save(pdf, "PDF", resolution=150)
    scan(town.workspace, town.store, [pdf], Processes(1), "li")


def _return_ledger(town: Town) -> None:
    """Rows of two households, each with a remark."""
    layout = place(load_catalogue()["LEDGER"])
    serials = _issue(town, "", layout, (1,))
    with town.store.write() as db:
        lists = Lists(db, 1)
        lists.extend(("LEDGER", Subject("cadre", "C1"), "walk"), [FIRST, SECOND])
        lists.keep(db)
    town.scan(town.side(serials, 1, {"walk_1.note": "无人", "walk_2.note": "路远"}))
    with town.store.write() as db:
        for row in (1, 2):
            scanned.add_correction(db, serials[1], f"walk_{row}.note", "王小明家在修房", "li")


def _correct(town: Town, serials: Mapping[int, str]) -> None:
    with town.store.write() as db:
        scanned.add_correction(db, serials[2], "opinion_1.text", "王小明门前路灯不亮", "li")
        scanned.add_correction(db, serials[1], "phone", "13912345678", "li")


@pytest.fixture
def town(made_once: Path, tmp_path: Path) -> Town:
    workspace = Workspace.find(Path(shutil.copytree(made_once, tmp_path / "town")))
    return Town(workspace, workspace.open_store(), place(load_catalogue()["2-5"]), tmp_path)


def purge(town: Town, *args: str) -> Result:
    result = CliRunner().invoke(cli, ["purge", *args, "-w", str(town.workspace.root)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def pictures(town: Town) -> dict[tuple[str, int], Image]:
    """Each page of what is kept, by the name of its file."""
    found = {}
    with town.store.read() as db:
        for page in scanned.pages(db):
            info = scanned.scan(db, page.scan)
            original = town.workspace.original(page.scan)
            assert info is not None
            if original.exists():
                found[info.name, page.number] = intake.page(original, page.number).pixels
    return found


def inked(pixels: Image) -> bool:
    return bool((pixels < 128).any())


def test_their_pages_are_white_and_others_as_they_were(town: Town) -> None:
    before = pictures(town)
    assert purge(town, "--subject", "H1", "--yes").return_value == Exit.DONE
    after = pictures(town)
    assert set(after) == set(before)
    assert not inked(after["1.tif", 1])
    assert (after["1.tif", 2] == before["1.tif", 2]).all()
    assert after["1.tif", 1].shape == before["1.tif", 1].shape
    pdf_before, pdf_after = before["beside.pdf", 1], after["beside.pdf", 1]
    half = pdf_after.shape[1] // 2
    assert inked(pdf_before[:, : half - 40])
    assert not (pdf_after[:, : half - 40] < 200).any()
    close = np.abs(pdf_after[:, half + 40 :].astype(int) - pdf_before[:, half + 40 :]).mean()
    assert close < 2
    assert not (town.workspace / "inbox" / "1.tif").exists()


def test_their_row_of_a_list_goes_and_the_next_one_stays(town: Town) -> None:
    before = pictures(town)
    purge(town, "--subject", "H1", "--yes")
    after, was = pictures(town)["2.tif", 1], before["2.tif", 1]
    layout = place(load_catalogue()["LEDGER"])
    scale = was.shape[1] / layout.frame.width

    def row(number: int, pixels: Image) -> Image:
        boxes = [box for box in layout.boxes if box.field.startswith(f"walk_{number}.") and box.page == 1]
        top, bottom = min(b.y for b in boxes), max(b.y + b.h for b in boxes)
        return pixels[round((top + 1) * scale) : round((bottom - 1) * scale)]

    assert inked(row(1, was))
    assert not inked(row(1, after))
    assert (row(3, after) == row(3, was)).all()
    with town.store.read() as db:
        said = {field: one[-1].value for (_, field), one in scanned.corrections_by_field(db).items()}
    assert said["walk_1.note"] == ERASED
    assert said["walk_2.note"] == "王小明家在修房"


def test_nothing_of_what_they_said_is_left_but_that_they_were_visited(town: Town) -> None:
    others = town.records()["H2"].to_json()
    purge(town, "--subject", "H1", "--yes")
    record = town.records()["H1"]
    assert record.completed
    kept = {key: a.value for key, a in record.answers.items() if a.status is not Status.BLANK and a.value}
    assert kept == {
        "visit_date": "2017-04-06",
        "visit_mode": "in_person",
        "visit_result": "done",
        "opinion_1.nature": "problem",
        "opinion_1.category": "roads",
    }
    for key in ("phone", "registered", "income", "opinion_1.text"):
        assert (record.answers[key].status, record.answers[key].reason) == (Status.CORRECTED, ERASED)
    assert town.records()["H2"].to_json() == others
    with town.store.read() as db:
        rows = {row["code"]: row for row in roster.load(db, "households")["households"]}
        values = [row.value for row in db.execute(select(readings)) if row.value == "13912345678"]
    assert (rows["H1"]["head"], rows["H1"]["door"], rows["H1"]["phone"]) == ("H1", None, None)
    assert rows["H2"]["head"] == "李桂英"
    assert len(values) == 1
    content = (town.workspace / "data.db").read_bytes()
    assert "孟河路18号".encode() not in content
    assert "门前路灯".encode() not in content


def test_an_opinion_of_theirs_is_still_one_without_its_words(town: Town) -> None:
    with town.store.read() as db:
        before = {(one.record, one.row): len(one.events) for one in load_opinions(db)}
    purge(town, "--subject", "H1", "--yes")
    glean(town.store, town.workspace.campaign, "li")
    with town.store.read() as db:
        after = load_opinions(db)
    assert {(one.record, one.row): len(one.events) for one in after} == before
    mine = next(one for one in after if one.record.endswith("/H1"))
    assert mine.events[-1].detail["text"] == ERASED
    assert mine.events[-1].detail["category"] == "roads"


def test_deciding_and_looking_again_bring_nothing_back(town: Town) -> None:
    purge(town, "--subject", "H1", "--yes")
    before = town.records()["H1"].to_json()
    redecide(town.workspace, town.store)
    reread(town.workspace, town.store, Processes(1))
    assert town.records()["H1"].to_json() == before


def test_looking_first_changes_nothing_and_again_finds_nothing(town: Town) -> None:
    data = town.workspace / "data.db"
    before = data.read_bytes(), pictures(town)
    said = json.loads(purge(town, "--subject", "H1", "--json").stdout)
    assert data.read_bytes() == before[0]
    assert (town.workspace / "inbox" / "1.tif").exists()
    done = json.loads(purge(town, "--subject", "H1", "--yes", "--json").stdout)
    assert done["counts"] == said["counts"]
    assert said["counts"]["pages"] == 3
    assert said["subject"] == {"kind": "household", "code": "H1"}
    assert json.loads(purge(town, "--subject", "H1", "--json").stdout)["counts"] == {}


def test_who_asked_is_noted_but_not_what_was_erased(town: Town) -> None:
    purge(town, "--subject", "H1", "--yes")
    with town.store.read() as db:
        (begun,) = audit.entries(db, "purge")
        assert audit.entries(db, "purge.done")[0].detail == {"subject": "household/H1"}
    assert begun.detail.pop("subject") == "household/H1"
    assert all(isinstance(count, int) for count in begun.detail.values())


def test_a_file_of_theirs_alone_goes_as_a_whole(town: Town, tmp_path: Path) -> None:
    serials = _issue(town, "H2", place(load_catalogue()["2-5"]))
    path = tmp_path / "李桂英.png"
    Pillow.fromarray(town.side(serials, 1, ANSWERS)).save(path, dpi=(150, 150))
    scan(town.workspace, town.store, [path], Processes(1), "li")
    with town.store.read() as db:
        page = scanned.pages(db, serial=serials[1])[-1]
    assert town.workspace.original(page.scan).exists()
    purge(town, "--subject", "H2", "--yes")
    assert not town.workspace.original(page.scan).exists()
    with town.store.read() as db:
        info = scanned.scan(db, page.scan)
        assert erasures.is_gone(db, page.scan)
    assert info is not None
    assert info.name == f"{page.scan[:12]}.png"


def test_nothing_of_the_old_picture_hides_in_a_painted_pdf(town: Town) -> None:
    purge(town, "--subject", "H1", "--yes")
    with town.store.read() as db:
        (name,) = {p.scan for p in scanned.pages(db) if (i := scanned.scan(db, p.scan)) and "pdf" in i.name}
    with pikepdf.open(town.workspace.original(name)) as pdf:
        streams = [o for o in pdf.objects if isinstance(o, pikepdf.Stream) and "/Width" in o]
        assert len(streams) == 1
        assert len(pdf.pages) == 1


KILLED = f"""{DEADLY}
import sys
from pathlib import Path
from store import Store
from workspace import purging
from workspace.folder import Workspace

place = sys.argv[2]
owner = Store if place == "compact" else purging
workspace = Workspace.find(Path(sys.argv[1]))
store = workspace.open_store()
asked = purging.ask(store, "H1")
deadly(owner, place)
purging.erase_subject(workspace, store, asked, really=True)
"""


@pytest.mark.parametrize("where", ["forget", "redact", "_note", "_settle", "_settle_originals", "compact"])
def test_killed_and_run_again_it_is_complete(town: Town, where: str) -> None:
    town.store.close()
    assert run_python(KILLED, town.workspace.root, where).returncode == -signal.SIGKILL
    purge(town, "--subject", "H1", "--yes")
    assert not inked(pictures(town)["1.tif", 1])
    assert town.records()["H1"].answers["phone"].reason == ERASED
    assert [p.name for p in (town.workspace / "originals").iterdir() if p.name.startswith(".")] == []
    assert "门前路灯".encode() not in (town.workspace / "data.db").read_bytes()
    with town.store.read() as db:
        assert not purging.is_unfinished(db)
        assert audit.entries(db, "purge.done")
    made = backup.make(town.workspace, town.store, town.workspace / "backup").backup
    assert made.manifest.lacking == ()


def test_who_is_meant_must_be_clear(town: Town) -> None:
    with pytest.raises(ForgetError, match="enterprise/H3"):
        purge(town, "--subject", "H3")
    assert "H3" in purge(town, "--subject", "enterprise/H3").stdout
    with pytest.raises(ForgetError, match="没有编码"):
        purge(town, "--subject", "H9")
    assert THIRD.code == "H3"
