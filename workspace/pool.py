"""Reads pages in worker processes. Workers compute, the caller writes.

A page that kills its worker, or hangs, fails alone: it comes back as unreadable with a named problem
and the others go on. Results come in the order of the tasks, however long each takes, so that what a
batch leaves in the database does not depend on the weather; a bounded number is under way.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pebble import ProcessExpired, ProcessPool
from PIL import Image as Pillow

from ingest import intake
from ingest.intake import IntakeError
from ingest.model import Image, PageResult, PageState, Problem, Shelf
from ingest.overlay import draw_overlay
from ingest.page import read_picture

PAGE_SECONDS = 120
"""A page takes 0.1–0.5 s; one that needs minutes hangs."""
AHEAD = 8
"""Pages under way per worker: enough to keep it busy, few enough to hold in memory."""


@dataclass(frozen=True)
class PageTask:
    """One page of a kept original. `file` is the name the clerk knows it by."""

    original: Path
    scan: str  # SHA-256
    file: str
    number: int
    pages: int  # of the whole file


Read = Callable[[Path, int], list[PageResult]]
"""Reads a page, counted from 1, of a file; at least one sheet is on it."""


class Pool(Protocol):
    """Where pages are read: `Processes` of this computer, or a cluster (`workspace.cluster`)."""

    def read_pages(
        self, tasks: Iterable[PageTask], shelf: Shelf
    ) -> Iterator[tuple[PageTask, list[PageResult]]]:
        """Each task with what its sheets are, in order; a picture has at least one."""


_shelf: Shelf
_debug: Path | None


def keep_shelf(shelf: Shelf, debug: Path | None = None) -> None:
    """What this process reads with."""
    global _shelf, _debug
    _shelf, _debug = shelf, debug


def pack(shelf: Shelf) -> bytes:
    """To travel: blank pages are nearly all of it, and nearly nothing packed."""
    return zlib.compress(pickle.dumps(shelf), 1)


def keep_packed(shelf: bytes) -> None:
    keep_shelf(pickle.loads(zlib.decompress(shelf)))


def read_page(original: Path, number: int) -> list[PageResult]:
    """Read a page with the shelf of this process."""
    try:
        pixels = intake.page(original, number).pixels
    except IntakeError as error:
        return [PageResult(PageState.UNREADABLE, problems=(error.problem,))]
    sheets = read_picture(pixels, _shelf)
    if _debug is not None:
        for part, sheet in enumerate(sheets, 1):
            if sheet.state is PageState.READ:
                name = f"{original.name[:12]}-{number}{f'-{part}' if len(sheets) > 1 else ''}.jpg"
                _save_overlay(_debug / name, pixels, sheet)
    return sheets


def _save_overlay(path: Path, pixels: Image, result: PageResult) -> None:
    digest, _ = _shelf.sheets[result.serial or ""]
    overlay = draw_overlay(pixels, result, _shelf.layouts[digest].layout)
    Pillow.fromarray(overlay).save(path, quality=85)


@dataclass(frozen=True)
class Processes:
    """Worker processes of this computer.

    debug    folder for a picture of each read page with what was seen on it
    read     exchanged in tests by readers that fail
    seconds  when a page is given up
    """

    number: int
    debug: Path | None = None
    read: Read = read_page
    seconds: float = PAGE_SECONDS

    def read_pages(
        self, tasks: Iterable[PageTask], shelf: Shelf
    ) -> Iterator[tuple[PageTask, list[PageResult]]]:
        with start_processes(self.number, keep_shelf, shelf, self.debug) as pool:

            def submit(task: PageTask) -> Future[list[PageResult]]:
                return pool.schedule(self.read, args=(task.original, task.number), timeout=self.seconds)

            try:
                for task, future in in_order(tasks, submit, self.number * AHEAD):
                    yield task, sheets_of(future, self.seconds)
            except BaseException:  # interrupted: what is under way is read again next time
                pool.stop()
                raise


def start_processes(number: int, initializer: Callable[..., None], *initargs: object) -> ProcessPool:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core per worker
    context = multiprocessing.get_context("spawn")
    return ProcessPool(number, initializer=initializer, initargs=initargs, context=context)


def in_order(
    tasks: Iterable[PageTask], submit: Callable[[PageTask], Future[list[PageResult]]], most: int
) -> Iterator[tuple[PageTask, Future[list[PageResult]]]]:
    """Each task with its future, in order; `most` are under way at once."""
    waiting: deque[tuple[PageTask, Future[list[PageResult]]]] = deque()
    for task in tasks:
        waiting.append((task, submit(task)))
        if len(waiting) >= most:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


def sheets_of(future: Future[list[PageResult]], seconds: float) -> list[PageResult]:
    """What a process made of its page, whatever the page did to it."""
    match future.exception():  # not raised: its traceback would keep our callers' things
        case None:
            return future.result()
        case TimeoutError():
            return _unread("page_hangs", f"读取超过 {seconds:g} 秒，已放弃这一页；请重新扫描或人工录入")
        case ProcessExpired():
            return killed()
        case error:  # whatever one page does, the batch goes on
            message = f"读取这一页时出错（{type(error).__name__}）；请人工录入并报告此问题"
            return _unread("reader_failed", message)


def killed() -> list[PageResult]:
    """What there is of a page whose reader did not live."""
    return _unread("worker_died", "读取这一页时程序异常退出；请重新扫描或人工录入")


def _unread(kind: str, message: str) -> list[PageResult]:
    return [PageResult(PageState.UNREADABLE, problems=(Problem(kind, message),))]
