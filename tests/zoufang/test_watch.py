"""What arrives in a folder is read once, when all of it is there, whatever else happens."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image as Pillow
from sqlalchemy.exc import OperationalError
from test_assembly import Town
from test_purge_subject import ANSWERS, _issue, _rows

from forms import load_catalogue
from layouts import place
from store import Store, roster, scanned
from workspace import watching
from workspace.folder import Workspace
from workspace.locking import LockedError
from workspace.pool import Pool, Processes
from workspace.scanning import FileRead
from workspace.watching import PATIENCE_SECONDS, Arrivals, Watch
from zoufang.cli import cli
from zoufang.console import Exit

JPEG = io.BytesIO()
Pillow.new("L", (50, 70), 255).save(JPEG, "JPEG")
WHOLE = JPEG.getvalue()


# --- what has arrived ----------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def names(paths: Sequence[Path]) -> list[str]:
    return [path.name for path in paths]


def test_a_file_has_arrived_when_two_looks_find_it_the_same(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    (tmp_path / "a.jpg").write_bytes(WHOLE)
    assert arrivals.ready() == []
    (tmp_path / "a.jpg").write_bytes(WHOLE + WHOLE)
    assert arrivals.ready() == []
    assert names(arrivals.ready()) == ["a.jpg"]
    arrivals.is_done(tmp_path / "a.jpg")
    assert arrivals.ready() == []


def test_one_that_is_written_over_arrives_again(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    path = tmp_path / "scan0001.jpg"
    path.write_bytes(WHOLE)
    arrivals.ready()
    arrivals.is_done(path)
    os.utime(path, (1, 1))
    assert arrivals.ready() == []
    assert names(arrivals.ready()) == ["scan0001.jpg"]


def test_what_does_not_look_whole_gets_a_minute(tmp_path: Path) -> None:
    clock = Clock()
    arrivals = Arrivals(tmp_path, clock)
    for name, content in (("half.jpg", WHOLE[:-40]), ("empty.pdf", b""), ("old.txt", b"no scan")):
        (tmp_path / name).write_bytes(content)
    os.utime(tmp_path / "old.txt", (1_000_000_000, 1_000_000_000))
    arrivals.ready()
    assert names(arrivals.ready()) == ["old.txt"]
    clock.now = PATIENCE_SECONDS
    assert sorted(names(arrivals.ready())) == ["empty.pdf", "half.jpg", "old.txt"]


@pytest.mark.parametrize(
    "name", ["a.tmp", "a.pdf.part", "~a.jpg", "a.jpg~", ".a.jpg", "Thumbs.db", "web-20170401-1/a.jpg"]
)
def test_what_others_are_still_writing_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(WHOLE)
    arrivals = Arrivals(tmp_path)
    arrivals.ready()
    assert arrivals.ready() == []
    (tmp_path / name).rename(tmp_path / "done.jpg")
    arrivals.ready()
    assert names(arrivals.ready()) == ["done.jpg"]


def test_one_that_went_away_is_forgotten(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    (tmp_path / "a.jpg").write_bytes(WHOLE)
    arrivals.ready()
    (tmp_path / "a.jpg").unlink()
    assert arrivals.ready() == arrivals.waiting() == []


# --- what goes wrong -----------------------------------------------------------------------------


class Ended(Exception):  # noqa: N818
    pass


@contextmanager
def watched(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """A watch whose scanning is played: files that are done, notes, and files in `broken` that fail. Between
    two looks one act after the other takes place."""
    files: list[str] = []
    notes: list[str] = []
    broken: list[str] = []
    turns = iter(acts)

    def pause() -> None:
        act = next(turns, None)
        if act is None:
            raise Ended
        act()

    def play(
        workspace: Workspace,
        store: Store,
        paths: Sequence[Path],
        pool: Pool,
        who: str,
        on_file: Callable[[FileRead], None],
    ) -> None:
        for path in paths:
            if path.name in broken:
                raise OSError(errno.EIO, "Input/output error", str(path))
            path.stat()
            on_file(FileRead(path))

    monkeypatch.setattr(watching, "scan", play)
    store = workspace.open_store()
    watch = Watch(
        workspace,
        store,
        workspace / "inbox",
        Processes(1),
        lambda f: files.append(("=" if f.known else "") + f.path.name),
        notes.append,
        pause,
    )
    yield files, notes, broken
    with pytest.raises(Ended):
        watch.forever()
    store.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "town")


def nothing() -> None:
    pass


def test_a_file_that_cannot_be_read_stands_in_nobodys_way(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (1, 2, 3):
        (workspace / "inbox" / f"{n}.jpg").write_bytes(WHOLE + bytes([n]))
    acts = (nothing, nothing, nothing, lambda: broken.clear())
    with watched(workspace, monkeypatch, *acts) as (files, notes, broken):
        broken.append("2.jpg")
    assert files == ["1.jpg", "3.jpg", "2.jpg"]
    assert notes == [f"磁盘或网络盘读写出错：{workspace / 'inbox' / '2.jpg'}。过一会儿再试"]


def test_a_share_that_goes_away_comes_back(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox, away = workspace / "inbox", workspace / "away"
    (inbox / "1.jpg").write_bytes(WHOLE)
    acts = (lambda: inbox.rename(away), nothing, nothing, lambda: away.rename(inbox), nothing)
    with watched(workspace, monkeypatch, *acts) as (files, notes, _):
        pass
    assert files == ["1.jpg"]
    assert len(notes) == 1
    assert "没有这个文件或文件夹" in notes[0]


def test_a_file_that_goes_away_in_between_is_no_trouble(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (1, 2):
        (workspace / "inbox" / f"{n}.jpg").write_bytes(WHOLE + bytes([n]))
    real = watching.digest_of

    def vanishing(path: Path) -> str:
        digest = real(path)
        if path.name == "1.jpg":
            path.unlink()
        return digest

    monkeypatch.setattr(watching, "digest_of", vanishing)
    with watched(workspace, monkeypatch, nothing, nothing) as (files, notes, _):
        pass
    assert (files, notes) == (["2.jpg"], [])


def test_a_database_that_cannot_be_used_is_waited_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "inbox" / "1.jpg").write_bytes(WHOLE)
    real, troubles = Watch._is_known, iter(("disk I/O error", "disk I/O error"))

    def failing(self: Watch, path: Path) -> bool:
        if trouble := next(troubles, None):
            raise OperationalError("SELECT", {}, sqlite3.OperationalError(trouble))
        return real(self, path)

    monkeypatch.setattr(Watch, "_is_known", failing)
    with watched(workspace, monkeypatch, *[nothing] * 4) as (files, notes, _):
        pass
    assert files == ["1.jpg"]
    assert notes == ["数据库读写不了（disk I/O error），可能磁盘已满或出错。过一会儿再试"]


def test_what_was_read_before_gets_one_line_together_and_what_comes_again_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = workspace / "inbox"
    store = workspace.open_store()
    for n in (1, 2):
        (inbox / f"{n}.jpg").write_bytes(WHOLE + bytes([n]))
        digest = workspace.keep_original(inbox / f"{n}.jpg")
        with store.write() as db:
            scanned.add_scan(db, scanned.start_batch(db, "2 files", "li"), digest, f"{n}.jpg", 1)
            if n == 1:
                scanned.complete_scan(db, digest, 1)
            else:
                scanned.reject_scan(db, 1, digest, "broken", "坏了")
    store.close()

    def again() -> None:
        (inbox / "3.jpg").write_bytes(WHOLE + bytes([1]))

    with watched(workspace, monkeypatch, nothing, again, nothing, nothing) as (files, notes, _):
        pass
    assert notes == ["文件夹里有 2 个文件以前已读过"]
    assert files == ["=3.jpg"]


# --- for real ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town whose forms are out, and files of what came back, beside it."""
    base = tmp_path_factory.mktemp("watched")
    workspace = Workspace.create(base / "town")
    (base / "scans").mkdir()
    layout = place(load_catalogue()["2-5"])
    town = Town(workspace, workspace.open_store(), layout, base / "scans")
    with town.store.write() as db:
        roster.replace(db, _rows())
    for n in (1, 2, 3):
        serials = _issue(town, f"H{n}", layout)
        pages = [Pillow.fromarray(town.side(serials, page, ANSWERS)) for page in (1, 2)] * (
            3 if n == 3 else 1
        )
        pages[0].save(base / "scans" / f"{n}.tif", save_all=True, append_images=pages[1:], dpi=(150, 150))
    town.store.close()
    return base


@pytest.fixture
def town(stacks: Path, tmp_path: Path) -> Iterator[Town]:
    workspace = Workspace.find(Path(shutil.copytree(stacks / "town", tmp_path / "town")))
    layout = place(load_catalogue()["2-5"])
    town = Town(workspace, workspace.open_store(), layout, stacks / "scans")
    yield town
    town.store.close()


def once(town: Town, *args: object) -> Result:
    words = ["watch", "--once", "--interval", "0.2", "--jobs", "1", *map(str, args)]
    return CliRunner().invoke(cli, [*words, "-w", str(town.workspace.root)], standalone_mode=False)


def start(town: Town, *args: object) -> subprocess.Popen[str]:
    words = ["watch", "--interval", "0.3", "--jobs", "1", *map(str, args), "-w", str(town.workspace.root)]
    command = [sys.executable, "-u", "-m", "zoufang", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def completed(town: Town) -> dict[str, int]:
    """Pages of the files that were read to their end."""
    with town.store.read() as db:
        names = {page.scan for page in scanned.pages(db)}
        infos = [info for name in names if (info := scanned.scan(db, name))]
    return {info.name: info.pages or 0 for info in infos if info.complete}


def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_what_is_there_is_read_once_and_never_again(town: Town) -> None:
    inbox = town.workspace / "inbox"
    shutil.copy(town.scans / "1.tif", inbox / "一户.tif")
    shutil.copy(town.scans / "2.tif", inbox / "二户.tif")
    (inbox / "说明.txt").write_text("hello")
    os.utime(inbox / "说明.txt", (1_000_000_000, 1_000_000_000))
    (inbox / "还在传.jpg").write_bytes(WHOLE[:-50])
    first = once(town)
    assert first.return_value == Exit.SOME_REJECTED
    lines = first.stdout.splitlines()
    assert [line.split("　")[1].split("：")[0] for line in lines] == ["说明.txt", "一户.tif", "二户.tif"]
    assert "2 页（已读 2）" in lines[1]
    assert "还在传.jpg：还没有传完" in first.stderr
    assert sorted(path.name for path in inbox.iterdir()) == ["一户.tif", "二户.tif", "说明.txt", "还在传.jpg"]
    assert completed(town) == {"一户.tif": 2, "二户.tif": 2}
    before = town.states()
    (inbox / "一户.tif").rename(inbox / "换了名字.tif")
    again = once(town, "--json")
    assert again.return_value == Exit.DONE
    assert again.stdout == ""
    assert "3 个文件以前已读过" in again.stderr
    assert town.states() == before


def test_it_says_in_json_what_came_of_each_file(town: Town, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    shutil.copy(town.scans / "1.tif", tmp_path / "share")
    said = once(town, tmp_path / "share", "--json")
    (line,) = map(json.loads, said.stdout.splitlines())
    assert (Path(line["file"]).name, line["pages"], line["read"], line["known"]) == ("1.tif", 2, 2, False)
    assert line["fields"] == line["accepted"] + line["needs_review"] > 0


def test_a_slow_scanner_is_waited_for_and_two_watchers_are_one_too_many(town: Town) -> None:
    content = (town.scans / "1.tif").read_bytes()
    watcher = start(town)
    try:
        until(lambda: (town.workspace / ".watch.lock").exists())
        time.sleep(0.5)
        with (town.workspace / "inbox" / "slow.tif").open("wb") as slow:
            for n in range(6):
                slow.write(content[n * len(content) // 6 : (n + 1) * len(content) // 6])
                slow.flush()
                os.fsync(slow.fileno())
                time.sleep(0.9)
                assert completed(town) == {}
        second = once(town)
        assert isinstance(second.exception, LockedError)
        assert f"进程 {watcher.pid}" in str(second.exception)
        until(lambda: completed(town) == {"slow.tif": 2})
        time.sleep(0.7)
        watcher.send_signal(signal.SIGINT)
        out, err = watcher.communicate(timeout=30)
    finally:
        watcher.kill()
    assert watcher.returncode == Exit.INTERRUPTED
    assert len(out.splitlines()) == 1
    assert "slow.tif：2 页（已读 2）" in out
    assert "Traceback" not in err
    assert [*town.states()] == ["read", "read"]
    assert once(town).return_value == Exit.DONE  # the lock is free


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_in_the_middle_it_goes_on_where_it_stopped(town: Town, how: signal.Signals) -> None:
    shutil.copy(town.scans / "3.tif", town.workspace / "inbox" / "3.tif")
    watcher = start(town)
    try:
        until(lambda: town.states())
        watcher.send_signal(how)
        watcher.communicate(timeout=30)
    finally:
        watcher.kill()
    assert watcher.returncode == (-how if how is signal.SIGKILL else Exit.INTERRUPTED)
    once(town)
    assert completed(town) == {"3.tif": 6}
    with town.store.read() as db:
        assert [page.number for page in scanned.pages(db)] == [1, 2, 3, 4, 5, 6]
    assert town.states() == ["read"] * 2 + ["duplicate"] * 4


def test_a_folder_that_is_not_there_is_a_mistake(town: Town) -> None:
    result = CliRunner().invoke(cli, ["watch", "/nowhere/at/all", "-w", str(town.workspace.root)])
    assert result.exit_code == Exit.USAGE
