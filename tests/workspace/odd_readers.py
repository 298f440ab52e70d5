"""Readers of pages that do not do what they should, and looks at a cluster from inside: workers import
them by name. What a reader is to do is written in the file that it is to read."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil

from ingest.model import PageResult, PageState

KILLS, HANGS, FAILS, TAKES_WORKER = 3, 5, 7, 4
"""Page numbers."""


class NoShelf:
    """Cannot be unpacked where it arrives."""

    def __reduce__(self) -> Any:
        return int, ("no shelf",)


def _result(number: int) -> list[PageResult]:
    return [PageResult(PageState.BLANK, page=number)]


def troubled(original: Path, number: int) -> list[PageResult]:
    """The first pages take longer, and some end badly."""
    time.sleep(max(0.0, 0.4 - 0.1 * number))
    if number == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == HANGS:
        time.sleep(600)
    if number == FAILS:
        raise ValueError("no such luck")
    return _result(number)


def slow(original: Path, number: int) -> list[PageResult]:
    time.sleep(0.2)
    return _result(number)


def takes_worker_once(original: Path, number: int) -> list[PageResult]:
    """Once, a page has the whole Dask worker killed."""
    time.sleep(0.05)
    if number == TAKES_WORKER:
        with contextlib.suppress(FileExistsError):
            Path(original.read_text()).mkdir()
            os.kill(os.getppid(), signal.SIGKILL)
    return _result(number)


def tasks(dask_scheduler: Any) -> list[str]:
    return list(dask_scheduler.tasks)


def belongings(dask_worker: Any) -> list[str]:
    """What a worker has: data, tasks, processes."""
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    processes = [f"process {child.pid}" for child in alive if "spawn_main" in str(child.cmdline())]
    return [*map(str, dask_worker.data), *map(str, dask_worker.state.tasks), *processes]
