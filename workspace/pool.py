"""Reads pages in worker processes. Workers compute, the caller writes.

A page that kills its worker, or hangs, fails alone: it comes back as unreadable with a named problem
and the others go on. Results come in the order of the tasks, however long each takes, so that what a
batch leaves in the database does not depend on the weather; a bounded number is under way.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from pathlib import Path

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


_shelf: Shelf
_debug: Path | None


def _start(shelf: Shelf, debug: Path | None) -> None:
    global _shelf, _debug
    _shelf, _debug = shelf, debug


def _read(original: Path, number: int) -> list[PageResult]:
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


def read_pages(
    tasks: Iterable[PageTask],
    shelf: Shelf,
    jobs: int,
    debug: Path | None = None,
    read: Callable[[Path, int], list[PageResult]] = _read,
) -> Iterator[tuple[PageTask, list[PageResult]]]:
    """Each task with what its sheets are, in order; a picture has at least one.

    debug  folder for a picture of each read page with what was seen on it
    read   exchanged in tests by readers that fail
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core per worker
    context = multiprocessing.get_context("spawn")
    with ProcessPool(jobs, initializer=_start, initargs=(shelf, debug), context=context) as pool:
        waiting: deque[tuple[PageTask, Future[list[PageResult]]]] = deque()
        try:
            for task in tasks:
                args = (task.original, task.number)
                waiting.append((task, pool.schedule(read, args=args, timeout=PAGE_SECONDS)))
                if len(waiting) >= jobs * AHEAD:
                    yield _collect(*waiting.popleft())
            while waiting:
                yield _collect(*waiting.popleft())
        finally:
            if waiting:  # interrupted: what is under way is read again next time
                pool.stop()


def _collect(task: PageTask, future: Future[list[PageResult]]) -> tuple[PageTask, list[PageResult]]:
    try:
        return task, future.result()
    except TimeoutError:
        return task, _failed("page_hangs", f"读取超过 {PAGE_SECONDS} 秒，已放弃这一页；请重新扫描或人工录入")
    except ProcessExpired:
        return task, _failed("worker_died", "读取这一页时程序异常退出；请重新扫描或人工录入")
    except Exception as error:  # noqa: BLE001 - whatever one page does, the batch goes on
        return task, _failed(
            "reader_failed", f"读取这一页时出错（{type(error).__name__}）；请人工录入并报告此问题"
        )


def _failed(kind: str, message: str) -> list[PageResult]:
    return [PageResult(PageState.UNREADABLE, problems=(Problem(kind, message),))]
