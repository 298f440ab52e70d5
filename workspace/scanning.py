"""Takes scan files in: keeps the originals, has their pages read, writes what was found.

Nothing is lost whatever is killed and when: a file is kept and known before it is read, each page is
written with all that was seen on it in one transaction, a file is complete only after its last page.
Running the same command again goes on where it stopped; a file that is complete is not read again.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from campaign.arrivals import keep_page
from campaign.config import Acceptance
from ingest import intake
from ingest.intake import IntakeError
from ingest.model import PageResult, PageState, PrintedLayout, Shelf
from store import Store, erasures, printed, roster, scanned
from workspace.folder import Workspace
from workspace.pool import PageTask, Pool

SENT = "web-"
"""Beginning of the names of inbox/'s folders that hold what browsers sent: the page itself reads them."""
NO_SCANS = {"thumbs.db", "desktop.ini"}
"""What Windows leaves in folders; names that begin with a dot are passed over too."""


STATE_WORDS = {
    "read": "已读",
    "duplicate": "重复",
    "blank": "空白",
    "foreign": "外来",
    "unknown": "不明",
    "unreadable": "读不出",
    "void": "作废",
}
"""State of a page → what clerks call it."""
_TURNED_AWAY = (PageState.UNKNOWN, PageState.FOREIGN, PageState.UNREADABLE, scanned.VOID)
_PAGES_NAMED = 12


@dataclass(frozen=True)
class FileProblem:
    """A problem with where it is; `page` counts from 1, None when it is the file as a whole."""

    file: str
    page: int | None
    kind: str
    message: str


@dataclass
class FileRead:
    """What came of a file. `known`: it had been read before, and was not read again; `left`: pages that are
    not written yet; `serials`: of the sheets that were read."""

    path: Path
    known: bool = False
    left: int = 0
    states: Counter[str] = field(default_factory=Counter)
    serials: list[str] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)

    @property
    def rejected(self) -> bool:
        """Whether it, or a page of it, was turned away. A blank back or a second copy was not."""
        return any(self.states[state] for state in _TURNED_AWAY) or any(p.page is None for p in self.problems)


@dataclass
class Batch:
    """What a run of scanning found. `known` files had been read before and were not read again;
    `states` counts sheets of paper, of which one image may show several."""

    number: int
    seconds: float = 0.0
    files: int = 0
    known: int = 0
    states: Counter[str] = field(default_factory=Counter)
    serials: list[str] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)

    @property
    def pages(self) -> int:
        return self.states.total()

    @property
    def rejected(self) -> bool:
        """Whether a file or page was turned away. A blank back or a second copy was not."""
        return any(self.states[state] for state in _TURNED_AWAY) or any(p.page is None for p in self.problems)


OnFile = Callable[[FileRead], None]
_Unread = dict[str, FileRead]
"""Scan → its file, of which pages are still to be written."""


def scan(
    workspace: Workspace,
    store: Store,
    paths: Iterable[Path],
    pool: Pool,
    who: str,
    on_page: Callable[[int, int], None] = lambda done, total: None,
    on_file: OnFile = lambda file: None,
) -> Batch:
    """Read the files and folders. `on_page` hears how many pages are done, of how many, `on_file` of each
    file once it is done with."""
    begun = time.monotonic()
    files = list(find_files(paths))
    with store.write() as db:
        batch = Batch(scanned.start_batch(db, f"{len(files)} files", who))
    unread: _Unread = {}
    tasks = [task for path in files for task in _take_in(workspace, store, path, batch, unread, on_file)]
    on_page(0, len(tasks))
    results = pool.read_pages(tasks, build_shelf(workspace, store)) if tasks else ()
    for done, (task, sheets) in enumerate(results, 1):
        file = unread[task.scan]
        _write(store, batch, task, sheets, file, workspace.campaign.acceptance)
        if not file.left:
            on_file(file)
        on_page(done, len(tasks))
    batch.seconds = time.monotonic() - begun
    return batch


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as given, and those in folders, sorted so that a folder always reads in the same order."""
    for path in paths:
        if path.is_dir():
            inside = (found for found in sorted(path.rglob("*")) if found.is_file())
            yield from (found for found in inside if not _passed_over(found.relative_to(path)))
        else:
            yield path


def _passed_over(path: Path) -> bool:
    return path.name.lower() in NO_SCANS or any(part.startswith(".") for part in path.parts)


def _take_in(
    workspace: Workspace, store: Store, path: Path, batch: Batch, unread: _Unread, on_file: OnFile
) -> Iterator[PageTask]:
    """Keep the file and yield its pages that are not read yet."""
    batch.files += 1
    digest = workspace.keep_original(path)
    with store.write() as db:
        info = scanned.add_scan(db, batch.number, digest, path.name, path.stat().st_size)
        erased = erasures.is_gone(db, digest)
    if erased:  # it stays so: `workspace.purging`
        workspace.original(digest).unlink(missing_ok=True)
    if erased or info.complete or digest in unread:
        batch.known += 1
        on_file(FileRead(path, known=True))
        return
    original = workspace.original(digest)
    try:
        pages = _count(original)
    except IntakeError as error:
        problem = FileProblem(path.name, None, error.kind, str(error))
        batch.problems.append(problem)
        if info.outcome != error.kind:
            with store.write() as db:
                scanned.reject_scan(db, batch.number, digest, error.kind, str(error))
            workspace.reject(path, digest, str(error))
        on_file(FileRead(path, problems=[problem]))
        return
    waiting = [number for number in range(1, pages + 1) if number not in info.done]
    unread[digest] = FileRead(path, left=len(waiting))
    if not waiting:  # killed between the last page and the end of the file
        with store.write() as db:
            scanned.complete_scan(db, digest, pages)
        on_file(unread[digest])
    for number in waiting:
        yield PageTask(original, digest, path.name, number, pages)


def _count(original: Path) -> int:
    """Raises IntakeError, whatever the libraries make of a file that they were not written for."""
    try:
        return intake.count(original)
    except IntakeError:
        raise
    except Exception as error:
        name = type(error).__name__
        raise IntakeError("unreadable_file", f"文件打不开（{name}），请换一种格式重新扫描。") from error


def _write(
    store: Store,
    batch: Batch,
    task: PageTask,
    sheets: Sequence[PageResult],
    file: FileRead,
    acceptance: Acceptance,
) -> None:
    """All sheets of an image in one transaction: it is read or it is not."""
    file.left -= 1
    with store.write() as db:
        kept = [
            keep_page(db, batch.number, task.scan, task.number, sheet, acceptance, part)
            for part, sheet in enumerate(sheets, 1)
        ]
        if not file.left:
            scanned.complete_scan(db, task.scan, task.pages)
    for sheet, saved in zip(sheets, kept, strict=True):
        problems = (*sheet.problems, *((saved.noticed,) if saved.noticed else ()))
        for told in (batch, file):
            told.states[saved.state] += 1
            if sheet.serial and saved.state in (scanned.READ, scanned.DUPLICATE):
                told.serials.append(sheet.serial)
            told.problems += (FileProblem(task.file, task.number, p.kind, p.message) for p in problems)


def build_shelf(workspace: Workspace, store: Store) -> Shelf:
    """All that a reader may know of what was printed."""
    with store.read() as db:
        layouts = {
            digest: PrintedLayout(layout, tuple(_pixels(png) for png in printed.load_blanks(db, digest)))
            for digest, layout in printed.load_layouts(db).items()
        }
        words, campaign = roster.vocabularies(db), workspace.campaign
        return Shelf(
            workspace.key, layouts, printed.sheet_index(db), words, campaign.span, workspace.calibration
        )


def _pixels(png: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(Pillow.open(io.BytesIO(png)).convert("L"))


def describe_problems(problems: list[FileProblem]) -> Iterator[str]:
    """One line per problem; the same problem on many pages of a file is one line."""
    groups: dict[tuple[str, str], list[FileProblem]] = {}
    for problem in problems:
        message = problem.message.replace(f"第 {problem.page} 页", "这一页")
        groups.setdefault((problem.file, message), []).append(problem)
    for (file, message), same in groups.items():
        pages = [problem.page for problem in same if problem.page]
        listed = "、".join(map(str, pages[:_PAGES_NAMED])) + (" 等" if len(pages) > _PAGES_NAMED else "")
        many = f"（共 {len(pages)} 页）" if len(pages) > 1 else ""
        yield f"{file}{f' 第 {listed} 页{many}' if pages else ''}：{message}"
