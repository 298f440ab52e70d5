"""Backups: whole or not there at all, whatever happens meanwhile; and a workspace out of one."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kept_town import DEADLY, SCANS, keep_scan, kept_town, run_python
from whole_town import WholeTown

from store import Store, audit, erasures
from workspace import backup
from workspace.backup import BackupError
from workspace.folder import Workspace
from workspace.locking import UPKEEP, LockedError, alone
from zoufang.cli import cli
from zoufang.console import Exit


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kept") / "town"
    kept_town(root).store.close()
    return root


@pytest.fixture
def town(made_once: Path, tmp_path: Path) -> WholeTown:
    workspace = Workspace.find(Path(shutil.copytree(made_once, tmp_path / "town")))
    return WholeTown(workspace, workspace.open_store(), (), (), {})


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["backup", *map(str, args)], standalone_mode=False)


def export(root: Path) -> list[dict[str, Any]]:
    found = CliRunner().invoke(cli, ["export", "records", "-w", str(root)], standalone_mode=False)
    assert found.exception is None
    records: list[dict[str, Any]] = json.loads(found.stdout)
    return records


def folders(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.is_dir()}


def test_a_backup_restores_to_the_same_workspace(town: WholeTown, tmp_path: Path) -> None:
    root = town.workspace.root
    before = export(root)
    said = run("-w", root, "--json")
    assert said.return_value == Exit.DONE
    assert "个人信息" in said.stderr
    summary = json.loads(said.stdout)
    assert (summary["new_files"], summary["lacking"]) == (len(SCANS) + 2, [])
    shutil.rmtree(root / "originals")
    assert run("--restore", root / "backup", tmp_path / "again").return_value == Exit.DONE
    assert len(before) == 12
    assert export(tmp_path / "again") == before
    again = Workspace.find(tmp_path / "again")
    assert again.key.secret == town.workspace.key.secret
    assert sorted(p.read_bytes() for p in (again / "originals").iterdir()) == sorted(SCANS)
    for kept in ("forms/note.txt", "字体/小标宋.ttf", "zoufang.toml", f"rejected/{'b' * 16}.pdf.txt"):
        assert (again / kept).read_bytes() == (root / kept).read_bytes()


def test_it_is_noted_who_made_a_backup_and_who_restored_one(town: WholeTown, tmp_path: Path) -> None:
    made = backup.make(town.workspace, town.store, tmp_path / "disk")
    with town.store.read() as db:
        (entry,) = audit.entries(db, "backup")
    assert entry.detail["folder"] == made.backup.folder.name
    store = backup.restore(made.backup, tmp_path / "again").open_store()
    with store.read() as db:
        assert audit.entries(db, "backup.restore")[0].detail == {"folder": made.backup.folder.name}
    store.close()


def test_another_backup_adds_only_what_is_new(town: WholeTown) -> None:
    root = town.workspace / "backup"
    first = backup.make(town.workspace, town.store, root)
    keep_scan(town, town.workspace / "inbox" / "new.pdf", b"a fourth scan")
    second = backup.make(town.workspace, town.store, root)
    assert (first.new_files, second.new_files, second.new_bytes) == (len(SCANS) + 2, 1, 13)
    assert first.backup.folder != second.backup.folder
    assert backup.find(root).folder == second.backup.folder
    assert backup.flaws(first.backup) == backup.flaws(second.backup) == []


def test_only_its_owner_can_open_a_backup(town: WholeTown, tmp_path: Path) -> None:
    run("-w", town.workspace.root, "-o", tmp_path / "disk")
    backup.restore(backup.find(tmp_path / "disk"), tmp_path / "again")
    (tmp_path / "again" / ".upkeep.lock").unlink(missing_ok=True)
    places = [tmp_path / "disk", *(tmp_path / "disk").rglob("*")]
    assert {oct(p.stat().st_mode & 0o777) for p in places if p.is_dir()} == {"0o700"}
    assert {oct(p.stat().st_mode & 0o077) for p in places if p.is_file() and p.name != ".lock"} == {"0o0"}
    assert (tmp_path / "again").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("what", ["changed", "shorter", "gone", "database", "pool", "manifest"])
def test_a_backup_that_is_not_whole_any_more_is_found_out(town: WholeTown, tmp_path: Path, what: str) -> None:
    made = backup.make(town.workspace, town.store, tmp_path / "disk").backup
    scan = made.shared / next(iter(made.manifest.shared.values())).sha256
    match what:
        case "changed":
            scan.write_bytes(bytes(reversed(scan.read_bytes())))
        case "shorter":
            scan.write_bytes(scan.read_bytes()[:-1])
        case "gone":
            scan.unlink()
        case "database":
            with (made.folder / "data.db").open("r+b") as file:
                file.seek(5000)
                file.write(b"xxxx" * 2000)
        case "pool":
            shutil.rmtree(made.shared)
        case "manifest":
            (made.folder / "manifest.json").write_text("{")
    checked = run("--check", made.folder, "--json")
    if what == "manifest":
        assert isinstance(checked.exception, BackupError)
    else:
        assert checked.return_value == Exit.FAILED
        assert json.loads(checked.stdout)["flaws"]
    with pytest.raises(BackupError):
        backup.restore(backup.find(made.folder), tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_whole_backup_passes_its_check(town: WholeTown, tmp_path: Path) -> None:
    run("-w", town.workspace.root, "-o", tmp_path / "disk")
    checked = run("--check", tmp_path / "disk")
    assert checked.return_value == Exit.DONE
    assert "完好" in checked.stdout


def test_nothing_is_restored_over_what_is_there(town: WholeTown, tmp_path: Path) -> None:
    made = backup.make(town.workspace, town.store, tmp_path / "disk").backup
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(BackupError, match="已经有内容"):
        backup.restore(made, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert backup.restore(made, tmp_path / "empty").root == tmp_path / "empty"


KILLED = f"""{DEADLY}
import sys
from pathlib import Path
from workspace import backup
from workspace.folder import Workspace

deadly(backup, sys.argv[3], int(sys.argv[4]))
if sys.argv[1] == "make":
    workspace = Workspace.find(Path(sys.argv[2]))
    backup.make(workspace, workspace.open_store(), workspace / "backup")
else:
    root = Path(sys.argv[2])
    backup.restore(backup.find(root / "backup"), root.parent / "again")
"""


@pytest.mark.parametrize(
    ("place", "calls"),
    [
        ("_copy_database", 0),
        ("copy_private", 1),
        ("copy_private", 5),
        ("_keep", 2),
        ("_check_own", 0),
        ("_write_manifest", 0),
        ("_give_name", 0),
    ],
)
def test_a_backup_that_was_killed_never_looks_like_one(town: WholeTown, place: str, calls: int) -> None:
    root = town.workspace.root
    assert run_python(KILLED, "make", root, place, calls).returncode == -signal.SIGKILL
    assert backup.all_in(root / "backup") == []
    with pytest.raises(BackupError, match="没有做完"):
        backup.find(root / "backup")
    made = backup.make(town.workspace, town.store, root / "backup").backup
    assert folders(root / "backup") == {"shared", made.folder.name}
    assert {p.name for p in made.shared.iterdir()} == {one.sha256 for one in made.manifest.shared.values()}
    assert backup.flaws(made) == []


@pytest.mark.parametrize(("place", "calls"), [("_put_back", 0), ("_put_back", 4), ("_open", 0)])
def test_a_restoring_that_was_killed_leaves_no_half_workspace(
    town: WholeTown, tmp_path: Path, place: str, calls: int
) -> None:
    made = backup.make(town.workspace, town.store, town.workspace / "backup").backup
    killed = run_python(KILLED, "restore", town.workspace.root, place, calls)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "again").exists()
    backup.restore(made, tmp_path / "again")
    assert export(tmp_path / "again") == export(town.workspace.root)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


WRITER = """
import sys
from store import Store, audit
store, n = Store.open(sys.argv[1]), 0
print("ready", flush=True)
while True:
    n += 1
    with store.write() as db:
        audit.note(db, "first", "pair", {"n": n})
        audit.note(db, "second", "pair", {"n": n})
"""


def test_a_backup_made_while_others_write_is_of_one_moment(town: WholeTown, tmp_path: Path) -> None:
    """Of two rows of one transaction it has both or neither."""
    database = town.workspace / "data.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, database], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.3)
        made = [backup.make(town.workspace, town.store, tmp_path / "disk") for _ in range(3)]
    finally:
        writer.kill()
        writer.wait()
    pairs = [_pairs(one.backup.folder / "data.db") for one in made]
    assert all(first == second for first, second in pairs)
    assert 0 < pairs[0][0] < pairs[2][0]
    assert all(backup.flaws(one.backup) == [] for one in made)


def _pairs(database: Path) -> tuple[int, int]:
    store = Store.open(shutil.copy(database, database.with_suffix(".looked")))
    with store.read() as db:
        entries = audit.entries(db, "pair", limit=1_000_000)
    store.close()
    firsts = sum(entry.who == "first" for entry in entries)
    return firsts, len(entries) - firsts


def test_an_original_that_is_lost_or_broken_is_named_and_not_passed_off(town: WholeTown) -> None:
    lost, broken, *_ = sorted((town.workspace / "originals").iterdir())
    lost.unlink()
    broken.write_bytes(b"rotten")
    said = run("-w", town.workspace.root)
    assert said.return_value == Exit.SOME_REJECTED
    assert lost.name in said.stderr
    assert broken.name in said.stderr
    made = backup.find(town.workspace / "backup")
    assert {path.split("/")[1] for path in made.manifest.lacking} == {lost.name, broken.name}
    assert backup.flaws(made) == []


def test_what_was_erased_is_not_missed_and_what_stands_for_it_is_kept(town: WholeTown) -> None:
    gone, changed, *_ = sorted((town.workspace / "originals").iterdir())
    gone.unlink()
    changed.write_bytes(b"without that page")
    with town.store.write() as db:
        erasures.note(db, gone.name, None)
        erasures.note(db, changed.name, backup.fingerprint(changed).sha256)
    made = backup.make(town.workspace, town.store, town.workspace / "backup").backup
    assert made.manifest.lacking == ()
    assert f"originals/{gone.name}" not in made.manifest.shared
    kept = made.manifest.shared[f"originals/{changed.name}"]
    assert (made.shared / kept.sha256).read_bytes() == b"without that page"


def test_a_database_on_a_server_is_left_to_pg_dump(town: WholeTown, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Store, target: Path) -> None:
        raise NotImplementedError

    monkeypatch.setattr(Store, "back_up", refuse)
    said = run("-w", town.workspace.root)
    assert said.return_value == Exit.DONE
    assert "pg_dump" in said.stderr
    made = backup.find(town.workspace / "backup")
    assert not made.manifest.has_database
    assert backup.flaws(made) == []


def test_two_at_once_are_refused(town: WholeTown) -> None:
    with alone(town.workspace / UPKEEP, "正在备份或清除"), pytest.raises(LockedError, match="进程"):
        backup.make(town.workspace, town.store, town.workspace / "backup")


def test_what_says_that_nothing_was_made_or_found(town: WholeTown, tmp_path: Path) -> None:
    assert "zoufang init" in str(run("-w", tmp_path).exception)
    assert "没有做完的备份" in str(run("--check", tmp_path).exception)
    both = CliRunner().invoke(cli, ["backup", "-o", str(tmp_path), "--check", str(tmp_path)])
    assert both.exit_code == Exit.USAGE


def test_a_disk_that_is_full_leaves_no_backup(town: WholeTown, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_write_manifest", full)
    with pytest.raises(OSError, match="No space"):
        backup.make(town.workspace, town.store, town.workspace / "backup")
    assert folders(town.workspace / "backup") == {"shared"}


def test_checking_writes_nothing(town: WholeTown) -> None:
    made = backup.make(town.workspace, town.store, town.workspace / "backup").backup
    before = {path: path.stat().st_mtime_ns for path in made.folder.iterdir()}
    assert backup.flaws(made) == []
    assert {path: path.stat().st_mtime_ns for path in made.folder.iterdir()} == before
    with sqlite3.connect(made.folder / "data.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
