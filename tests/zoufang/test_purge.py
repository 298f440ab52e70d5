"""Personal data goes when its time is over: from every file, in whatever moment it is killed, and what the
town counts stays."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kept_town import DEADLY, SCANS, kept_town, run_python
from sqlalchemy import select
from whole_town import WholeTown

from campaign.arrivals import VOIDED, void_message
from campaign.config import parse_campaign
from campaign.gleaning import glean
from campaign.personal import NAME_COLUMNS, PERSONAL_COLUMNS, is_erased
from campaign.voiding import void
from store import InUseError, Store, audit, database, printed, roster, scanned, work
from store.schema import measurements, page_images, problems
from workspace import backup, purging
from workspace.folder import Workspace
from workspace.locking import UPKEEP, WATCH, LockedError, alone
from workspace.purging import IMAGES, PERSONAL
from workspace.scanning import scan
from zoufang.cli import cli
from zoufang.console import Exit

SAID = {"text": "王小明家门前路灯坏了", "phone": "13912345678", "companions": "陈建国同去"}
TYPED = ("户主王小明要求作废", "请问王小明本人", "已电话告知王小明")
"""What clerks typed: why a form is void, why a question was referred, what came of a problem."""

FORMER = "原户主张三丰已过世"
"""Stood on the roster once: SQLite leaves what was deleted in its file."""
ANYBODYS = {"None", "本镇", "市内", "国内", "港澳台", "海外"}
"""Says nothing about anybody, and stands in forms."""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kept") / "town"
    town = kept_town(root)
    _work_on(town)
    (root / "名册.xlsx").unlink()
    _set_terms(root, "images = 365\npersonal = 730")
    town.store.close()
    return root


def _set_terms(root: Path, terms: str) -> None:
    config = root / "zoufang.toml"
    text = config.read_text("utf-8")
    start = text.index("[campaign.retention]")
    end = text.index("\n\n", start)
    config.write_text(text[:start] + f"[campaign.retention]\n{terms}" + text[end:], "utf-8")


def _work_on(town: WholeTown) -> None:
    """Whatever people do with what was read, so that there is something everywhere."""
    workspace, store = town.workspace, town.store
    with store.write() as db:
        first, second, last = (
            row.serial for row in db.execute(select(page_images).where(page_images.c.page == 1).limit(3))
        )
        back = next(row.serial for row in db.execute(select(page_images).where(page_images.c.page == 2)))
        scanned.add_correction(db, first, "phone", SAID["phone"], "li")
        scanned.add_correction(db, back, "opinion_1.text", SAID["text"], "li")
        scanned.add_correction(db, second, "companions", SAID["companions"], "li", blind=True)
        scanned.add_correction(db, second, "companions", SAID["companions"], "wang", blind=True)
        scanned.add_correction(db, first, "registered", "4", "li")
        image = db.scalar(select(page_images.c.id).where(page_images.c.serial == first))
        task = work.NewTask("key", "office", first, image, "2-5", "phone", "digits", SAID["phone"])
        work.open_tasks(db, [task])
        (opened,) = work.tasks_of(db, [first])
        work.add_step(db, opened.id, "li", work.SAVE, SAID["phone"], seconds=2.0)
        work.refer(db, opened.id, TYPED[1])
        audit.note(db, "li", "key.refer", {"serial": first, "field": "phone", "reason": TYPED[1]})
        data = zlib.compress(json.dumps([{"field": "phone", "ink": 0.5, "text": SAID["phone"]}]).encode())
        db.execute(measurements.insert().values(page_image=image, data=data))
        void(db, last, "li", TYPED[0])
        scanned.add_problem(db, VOIDED, void_message(last, TYPED[0]), serial=last)
        problem = scanned.add_problem(db, "odd", "请核对", serial=first)
        scanned.settle_problem(db, problem, "li", TYPED[2])
    with closing(sqlite3.connect(workspace / "data.db")) as raw:
        raw.execute("PRAGMA secure_delete = OFF")  # as most systems have it
        raw.execute("UPDATE households SET note = ?", (FORMER * 20,))
        raw.commit()
        raw.execute("UPDATE households SET note = NULL")
        raw.commit()
    glean(store, workspace.campaign, "li", date(2017, 4, 10))
    (workspace / "out" / "packets").mkdir()
    (workspace / "out" / "packets" / "packet-G0001.txt").write_text("户主 王小明", "utf-8")


@pytest.fixture
def town(made_once: Path, tmp_path: Path) -> Iterator[WholeTown]:
    workspace = Workspace.find(Path(shutil.copytree(made_once, tmp_path / "town")))
    store = workspace.open_store()
    yield WholeTown(workspace, store, (), (), {})
    store.close()


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, args)], standalone_mode=False)


def purge(town: WholeTown, *args: object) -> Result:
    result = run("purge", *args, "-w", town.workspace.root)
    if result.exception:
        raise result.exception
    return result


def personal_strings(store: Store) -> set[str]:
    """Everything personal that the town knows: names, telephones, addresses, what was written and typed."""
    found = {*SAID.values(), *TYPED, "王小明", FORMER}
    with store.read() as db:
        tables = roster.load(db, removed=True)
        for name, others in PERSONAL_COLUMNS.items():
            columns = (*others, NAME_COLUMNS.get(name, "code"))
            cells = ((row["code"], row[column]) for row in tables[name] for column in columns)
            found |= {cell for code, cell in cells if isinstance(cell, str) and cell != code}
        fields = {f.key for one in printed.load_layouts(db).values() for f in one.form.asked()}
        for page in scanned.pages(db):
            read = scanned.load_readings(db, page.id)
            found |= {str(one.value) for one in read if one.field in ("companions", "phone", "correction")}
            found |= {str(one.value) for one in read if one.field.endswith(".text")}
        assert {"companions", "phone", "correction"} <= fields
    return {words for words in found if len(words) > 1} - ANYBODYS


def places_of(root: Path, strings: set[str]) -> dict[str, list[str]]:
    """File → which of these strings its bytes hold, as they are or as JSON may write them."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            inside = [s for s in strings if s.encode() in content or _escaped(s) in content]
            if inside:
                found[str(path.relative_to(root))] = inside
    return found


def _escaped(words: str) -> bytes:
    return json.dumps(words)[1:-1].encode()


def figures(root: Path) -> Any:
    """What the town counts, without names."""
    status = json.loads(run("status", "--by", "village", "--json", "-w", root).stdout)
    coverage = json.loads(run("export", "coverage", "-w", root).stdout)
    records = json.loads(run("export", "records", "-w", root).stdout)
    opinions = json.loads(run("export", "opinions", "-w", root).stdout)
    for by, sheet in coverage.items():
        for line in sheet:
            for name in ("name", "who", "cadre" if by == "unvisited" else "cadre_name"):
                line.pop(name, None)
    return {
        "status": {key: status[key] for key in ("lines", "total", "quotas", "error_rates")},
        "coverage": coverage,
        "records": [
            (one["record"], one["status"], {k: f["status"] for k, f in one["fields"].items()})
            for one in records
        ],
        "ticks": [
            {k: f["value"] for k, f in one["fields"].items() if isinstance(f["value"], list)}
            for one in records
        ],
        "opinions": [(o["number"], o["category"], o["state"], bool(o["text"])) for o in opinions],
    }


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_nothing_personal_is_left_in_any_file_and_figures_stay(town: WholeTown) -> None:
    root, strings = town.workspace.root, personal_strings(town.store)
    assert len(strings) > 100
    before = figures(root)
    there = places_of(root, strings)
    assert {"data.db", "out/packets/packet-G0001.txt"} <= set(there)
    assert purge(town, "--yes").return_value == Exit.DONE
    assert places_of(root, strings) == {}
    assert figures(root) == before
    for folder in ("originals", "rejected", "out", "inbox"):
        assert list((root / folder).iterdir()) == []


def test_what_is_packed_in_the_database_is_gone_too(town: WholeTown) -> None:
    purge(town, "--yes")
    with town.store.read() as db:
        assert db.execute(select(measurements)).all() == []
        values = {c.value for s in scanned.corrections_by_field(db).values() for c in s}
        assert "4" in values
        assert sum(is_erased(value) for value in values) >= 1
        (task,) = work.tasks_of(db, {page.serial for page in scanned.pages(db)})
        assert (is_erased(task.value), task.alike, task.state) == (True, "", work.REFERRED)
        assert all("王小明" not in message for message in db.scalars(select(problems.c.message)))


def test_looking_first_says_the_same_and_changes_nothing(town: WholeTown) -> None:
    figures(town.workspace.root)
    before = digests(town.workspace.root)
    said = json.loads(purge(town, "--json").stdout)
    assert digests(town.workspace.root) == before
    assert not said["erased"]
    done = json.loads(purge(town, "--yes", "--json").stdout)
    assert done["counts"] == said["counts"]
    assert {"originals", "answers", "corrections", "roster", "opinions", "remarks"} <= set(done["counts"])
    assert done["counts"]["originals"] == len(SCANS)
    assert json.loads(purge(town, "--json").stdout)["counts"] == {}


def test_what_a_clerk_reads_names_nobody_and_says_how_to_go_on(town: WholeTown) -> None:
    backup.make(town.workspace, town.store, town.workspace / "backup")
    (town.workspace / "我的名单.xlsx").write_text("x")
    (town.workspace / "inbox" / "未读.pdf").write_bytes(b"never read")
    strings = personal_strings(town.store)
    said = purge(town)
    assert not [s for s in strings if s in said.stdout]
    assert "purge --yes" in said.stdout
    for named in ("我的名单.xlsx", "未读.pdf", str(backup.find(town.workspace / "backup").folder)):
        assert named in said.stderr
    purge(town, "--yes")
    assert (town.workspace / "inbox" / "未读.pdf").exists()


def test_it_is_noted_who_erased_what_by_which_rule_but_not_what_it_said(town: WholeTown) -> None:
    purge(town, "--yes")
    with town.store.read() as db:
        (begun,) = audit.entries(db, "purge")
        (done,) = audit.entries(db, "purge.done")
        assert {entry.who for entry in audit.entries(db, "key.refer")} == {"li"}
    assert begun.who == done.who == town.workspace.who
    assert begun.detail["rules"] == {"images": "2018-04-30", "personal": "2019-04-30"}
    numbers = {key: value for key, value in begun.detail.items() if key != "rules"}
    assert all(isinstance(value, int) for value in numbers.values())
    assert "清除个人信息" in run("export", "log", "-w", town.workspace.root).stdout


def test_images_go_before_words(town: WholeTown) -> None:
    _set_terms(town.workspace.root, "images = 365\npersonal = 2999-01-01")
    strings = personal_strings(town.store)
    purge(town, "--yes")
    assert list((town.workspace / "originals").iterdir()) == []
    assert personal_strings(town.store) == strings
    assert (town.workspace / "out" / "packets").exists()


def test_before_its_time_nothing_goes(town: WholeTown) -> None:
    _set_terms(town.workspace.root, "images = 2999-01-01")
    before = digests(town.workspace.root)
    said = purge(town, "--yes")
    assert digests(town.workspace.root)["data.db"] == before["data.db"]
    assert "还有" in said.stdout
    assert "没有设" in said.stdout


@pytest.mark.parametrize(
    ("settings", "due"),
    [
        ({"images": 365, "personal": 730}, {IMAGES: "2018-04-30", PERSONAL: "2019-04-30"}),
        ({"images": date(2018, 1, 2)}, {IMAGES: "2018-01-02", PERSONAL: None}),
        ({"personal": 10}, {IMAGES: "2017-05-10", PERSONAL: "2017-05-10"}),
        ({"images": 900, "personal": 10}, {IMAGES: "2017-05-10", PERSONAL: "2017-05-10"}),
        ({}, {IMAGES: None, PERSONAL: None}),
    ],
)
def test_terms_count_from_the_last_day(settings: dict[str, Any], due: dict[str, Any]) -> None:
    campaign = parse_campaign({"start": date(2017, 3, 1), "end": date(2017, 4, 30), "retention": settings})
    found = purging.terms(campaign, date(2018, 4, 30))
    assert {term.rule: term.due and str(term.due) for term in found} == due
    assert [term.is_over for term in found] == [bool(d) and d <= "2018-04-30" for d in due.values()]


def test_a_campaign_that_goes_on_keeps_what_counts_from_its_end() -> None:
    days = {"start": date(2017, 3, 1), "end": date(2017, 4, 30), "retention": {"images": 1}}
    again = {**days, "revisits": [{"start": date(2017, 7, 1)}]}
    assert purging.terms(parse_campaign(again), date(2030, 1, 1))[0].due is None
    again["revisits"] = [{"start": date(2017, 7, 1), "end": date(2017, 8, 31)}]
    assert purging.terms(parse_campaign(again), date(2030, 1, 1))[0].due == date(2017, 9, 1)


KILLED = f"""{DEADLY}
import sys
from datetime import date
from pathlib import Path
from store import Store
from workspace import purging
from workspace.folder import Workspace

place, calls = sys.argv[2], int(sys.argv[3])
owner = dict(compact=Store, unlink=Path).get(place, purging)
workspace = Workspace.find(Path(sys.argv[1]))
store = workspace.open_store()
deadly(owner, place, calls)
terms = purging.terms(workspace.campaign, date(2030, 1, 1))
purging.erase_by_rule(workspace, store, terms, really=True)
"""


@pytest.mark.parametrize(
    ("place", "calls", "begun"),
    [
        ("_mark_all_gone", 0, False),
        ("erase_personal", 0, False),
        ("_note", 0, False),
        ("_settle", 0, True),
        ("unlink", 0, True),
        ("unlink", 2, True),
        ("unlink", 6, True),
        ("_settle_originals", 0, True),
        ("compact", 0, True),
    ],
)
def test_killed_and_run_again_it_is_complete(town: WholeTown, place: str, calls: int, begun: bool) -> None:
    root, strings = town.workspace.root, personal_strings(town.store)
    before = figures(root)
    town.store.close()
    assert run_python(KILLED, root, place, calls).returncode == -signal.SIGKILL
    with town.store.read() as db:
        assert purging.is_unfinished(db) is begun
    if begun:
        assert "上次清除没有做完" in purge(town).stdout
    purge(town, "--yes")
    assert places_of(root, strings) == {}
    assert figures(root) == before
    with town.store.read() as db:
        assert not purging.is_unfinished(db)
        assert audit.entries(db, "purge.done")
    assert "没有要清除的内容" in purge(town).stdout


def test_what_was_erased_is_not_taken_in_again(town: WholeTown, tmp_path: Path) -> None:
    purge(town, "--yes")
    again = tmp_path / "again.pdf"
    again.write_bytes(SCANS[0])
    batch = scan(town.workspace, town.store, [again], 1, "li")
    assert (batch.known, batch.pages) == (1, 0)
    assert list((town.workspace / "originals").iterdir()) == []


def test_a_backup_made_afterwards_holds_nothing_personal(town: WholeTown) -> None:
    strings = personal_strings(town.store)
    purge(town, "--yes")
    made = backup.make(town.workspace, town.store, town.workspace / "backup").backup
    assert made.manifest.lacking == ()
    assert places_of(town.workspace.root, strings) == {}


@pytest.mark.parametrize("lock", [UPKEEP, WATCH])
def test_it_waits_for_nobody_and_works_beside_nobody(town: WholeTown, lock: str) -> None:
    with alone(town.workspace / lock, "忙"), pytest.raises(LockedError):
        purge(town, "--yes")


def test_a_database_that_others_read_is_compacted_by_the_next_run(
    town: WholeTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 100)
    root, strings = town.workspace.root, personal_strings(town.store)

    def in_use(self: Store) -> None:
        raise InUseError("busy")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "compact", in_use)
        with pytest.raises(purging.PurgeError, match="再运行一次"):
            purge(town, "--yes")
    purge(town, "--yes")
    assert places_of(root, strings) == {}


def test_compacting_needs_the_database_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 100)
    store = Store.open(tmp_path / "data.db")
    reader = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM audit").fetchall()
    with pytest.raises(InUseError):
        store.compact()
    reader.execute("COMMIT")
    reader.close()
    store.compact()
    store.close()
