"""From roster to record through the commands, on a small town; and what must not be lost on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pikepdf
import pytest
import qrcode
import xlsxwriter
from PIL import Image

from layouts import Identity
from samples.simulate import NOTHING_GOES_WRONG, Side, simulate_return
from samples.town import build_town, write_workbook
from store import printed, roster
from workspace.folder import Workspace
from zoufang.console import Exit

HOUSEHOLDS = 5  # whose forms come back
COMMAND = [sys.executable, "-c", "from zoufang.cli import main; main()"]


def start(workspace: Path, *args: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "ZOUFANG_WORKSPACE": str(workspace), "COLUMNS": "160"}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *map(str, args)], stdout=pipe, stderr=pipe, text=True, env=environment)


def run(workspace: Path, *args: object) -> tuple[int, str, str]:
    process = start(workspace, *args)
    out, err = process.communicate()
    return process.returncode, out, err


def export(workspace: Path) -> list[dict]:
    code, out, err = run(workspace, "export", "records", "--format", "json")
    assert code == Exit.DONE, err
    return json.loads(out)


@pytest.fixture(scope="module")
def returned(tmp_path_factory) -> Path:
    """A workspace whose one printed packet came back: `inbox` has the scans, `truth.json` the truth."""
    root = tmp_path_factory.mktemp("town") / "workspace"
    write_workbook(build_town(seed=5, households=100), root.parent / "roster.xlsx")
    assert run(root, "init", root)[0] == Exit.DONE
    assert run(root, "roster", "load", root.parent / "roster.xlsx")[0] == Exit.DONE
    assert run(root, "assign")[0] == Exit.DONE
    workspace = Workspace.find(root)
    store = workspace.open_store()
    with store.read() as db:
        duties = roster.load_duties(db, 1)
    owners = Counter(duty.cadre for duty in duties if duty.subject.kind == "household")
    cadre = owners.most_common(1)[0][0]
    code, out, err = run(root, "print", "--cadre", cadre, "--form", "2-5", "-o", root / "out" / "p", "--json")
    assert code == Exit.DONE, err
    assert json.loads(out)["sheets"] >= 4
    with store.read() as db:
        sheets = [sheet for serial in printed.sheet_index(db) if (sheet := printed.sheet(db, serial))]
        sheets = sorted(sheets, key=lambda sheet: sheet.instance)[: 2 * HOUSEHOLDS]
        sides = {s.serial: Side(s.instance, printed.load_layout(db, s.layout), s.page) for s in sheets}
    simulate_return(
        root / "out" / "p",
        sides,
        root / "inbox",
        seed=3,
        mishaps=NOTHING_GOES_WRONG,
        carelessness=0.0,
        dpi=200,
        jobs=1,
    )
    for name in ("truth.json", "pages.json"):
        (root / "inbox" / name).rename(root / name)
    return root


@pytest.fixture
def workspace(returned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(returned, tmp_path / "workspace"))


@pytest.fixture(scope="module")
def records(returned: Path, tmp_path_factory) -> list[dict]:
    """What an undisturbed run makes of it."""
    root = Path(shutil.copytree(returned, tmp_path_factory.mktemp("undisturbed") / "workspace"))
    code, out, err = run(root, "scan", root / "inbox", "--json")
    assert code in (Exit.DONE, Exit.SOME_TO_REVIEW), err
    summary = json.loads(out)
    assert summary["read"] == summary["pages"] == len(json.loads((root / "truth.json").read_text("utf-8")))
    assert summary["fields"] == summary["accepted"] + summary["needs_review"]
    return export(root)


def test_records_say_what_was_written(records, returned):
    truth = json.loads((returned / "truth.json").read_text("utf-8"))
    accepted = wrong = 0
    for record in records:
        assert record["subject"]["kind"] == "household"
        assert record["missing_pages"] == []
        for key, field in record["fields"].items():
            told = truth[field["serial"]]
            if field["status"] in ("accepted", "blank") and key not in told["ambiguous"]:
                accepted += 1
                wrong += (field["value"] or None) != (told["fields"][key] or None)
    assert accepted >= 0.8 * sum(len(record["fields"]) for record in records)
    assert wrong <= 0.005 * accepted  # handwriting is accepted at up to 1 % wrong


def test_the_same_files_again_change_nothing(workspace, records):
    run(workspace, "scan", workspace / "inbox")
    _, out, _ = run(workspace, "scan", workspace / "inbox", "--json")
    again = json.loads(out)
    assert again["known_files"] == again["files"]
    assert again["pages"] == 0
    assert export(workspace) == records


def test_killed_while_reading_and_run_again_gives_the_same_records(workspace, records):
    process = start(workspace, "scan", workspace / "inbox", "--jobs", 1)
    deadline = time.monotonic() + 120
    while _pages_written(workspace) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    written = _pages_written(workspace)
    code, out, err = run(workspace, "scan", workspace / "inbox", "--json")
    assert code in (Exit.DONE, Exit.SOME_TO_REVIEW), err
    truth = json.loads((workspace / "truth.json").read_text("utf-8"))
    assert 2 <= written < len(truth), "killed too late to prove anything"
    assert json.loads(out)["pages"] == len(truth) - written
    assert export(workspace) == records


def _pages_written(workspace: Path) -> int:
    with sqlite3.connect(workspace / "data.db", timeout=60) as db:
        return db.execute("SELECT count(*) FROM page_images").fetchone()[0]


def test_bad_files_are_named_and_the_rest_is_read(workspace, records):
    inbox = workspace / "inbox"
    good = next(path for path in sorted(inbox.iterdir()) if path.suffix == ".pdf")
    (inbox / "notes.txt").write_text("not a scan", "utf-8")
    (inbox / "empty.pdf").write_bytes(b"")
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing that follows is a PDF")
    with pikepdf.open(good) as pdf:
        pdf.save(inbox / "locked.pdf", encryption=pikepdf.Encryption(user="secret", owner="secret"))
    qrcode.make("https://example.com/").save(inbox / "foreign.png")
    Image.new("L", (1654, 2339), 255).save(inbox / "blank.png")
    code, out, _ = run(workspace, "scan", inbox, "--json")
    summary = json.loads(out)
    assert code == Exit.SOME_REJECTED
    problems = {(problem["file"], problem["page"]): problem for problem in summary["problems"]}
    for name in ("notes.txt", "empty.pdf", "broken.pdf", "locked.pdf"):
        assert problems[name, None]["message"]
    assert problems["foreign.png", 1]["kind"] == "foreign_code"
    assert summary["blank"] == summary["foreign"] == 1
    states = ("read", "blank", "duplicate", "unknown", "foreign", "unreadable")
    assert summary["pages"] == sum(summary[state] for state in states)
    assert export(workspace) == records


def test_a_forged_code_is_no_sheet_of_ours(workspace, records):
    forged = Workspace.create(workspace.parent / "elsewhere")
    serial = records[0]["fields"]["registered"]["serial"]
    code = forged.key.encode(Identity(serial, "2-5", 1))
    page = Image.new("L", (1654, 2339), 255)
    page.paste(qrcode.make(code, box_size=7).convert("L"), (1200, 80))
    page.save(workspace / "forged.png")
    _, out, _ = run(workspace, "scan", workspace / "forged.png", "--json")
    summary = json.loads(out)
    assert summary["read"] == 0
    assert summary["problems"][0]["kind"] == "forged_code"


def test_a_sheet_says_whose_it_is_and_where_its_boxes_are(workspace, records):
    serial = records[0]["fields"]["registered"]["serial"]
    code, out, _ = run(workspace, "lookup", serial, "--json")
    assert code == Exit.DONE
    assert json.loads(out)[0]["subject"]["code"] == records[0]["subject"]["code"]
    layout = json.loads(run(workspace, "layouts", "show", "--sheet", serial, "--json")[1])
    assert {box["page"] for box in layout["boxes"]} == {1}
    wrong = serial[:-1] + ("0" if serial[-1] != "0" else "1")
    code, _, err = run(workspace, "lookup", wrong)
    assert code == Exit.FAILED
    assert "校验" in err


def test_the_original_is_kept_byte_for_byte(workspace):
    run(workspace, "scan", workspace / "inbox")
    kept = {path.read_bytes() for path in (workspace / "originals").iterdir()}
    assert {path.read_bytes() for path in (workspace / "inbox").iterdir()} == kept


@pytest.mark.parametrize("file_format", ["pdf", "docx"])
def test_printing_again_uses_the_same_serials(workspace, returned, file_format):
    manifest = json.loads((returned / "out" / "p" / "manifest.json").read_text("utf-8"))
    cadre = next(page["cadre"] for page in manifest["pages"] if page["cadre"])
    again = workspace / "again"
    run(workspace, "print", "--cadre", cadre, "--form", "2-5", "--format", file_format, "-o", again)
    assert [path.name for path in again.glob("packet-*")] == [f"packet-{cadre}.{file_format}"]
    again = json.loads((workspace / "again" / "manifest.json").read_text("utf-8"))
    assert [page["serial"] for page in again["pages"]] == [page["serial"] for page in manifest["pages"]]


def test_nothing_personal_is_in_a_code_or_a_file_name(returned):
    manifest = json.loads((returned / "out" / "p" / "manifest.json").read_text("utf-8"))
    town = build_town(seed=5, households=100)
    names = {row["name"] for row in town.tables["cadres"]} | {
        row["head"] for row in town.tables["households"]
    }
    files = " ".join(path.name for path in (returned / "out" / "p").iterdir())
    assert not any(name in files for name in names)
    codes = {page["subject"]["code"] for page in manifest["pages"] if page["subject"]}
    serials = " ".join(page["serial"] for page in manifest["pages"] if page["serial"])
    assert not any(code in serials for code in codes)


def test_a_roster_with_errors_loads_nothing(workspace, tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "bad.xlsx")) as book:
        sheet = book.add_worksheet("户")
        for column, heading in enumerate(("户码", "村", "组", "户主")):
            sheet.write(0, column, heading)
        sheet.write_row(1, 0, ("H1", "nowhere", "nothing", ""))
        sheet.write_row(2, 0, ("H1", "nowhere", "nothing", "张三"))
    before = run(workspace, "assign", "--check", "--json")[1]
    code, out, _ = run(workspace, "roster", "load", tmp_path / "bad.xlsx", "--json")
    result = json.loads(out)
    assert code == Exit.FAILED
    assert result["loaded"] is False
    places = {(error["sheet"], error["row"], error["column"]) for error in result["errors"]}
    assert {("户", 2, "D"), ("户", 2, "B"), ("户", 3, "B")} <= places
    assert run(workspace, "assign", "--check", "--json")[1] == before
