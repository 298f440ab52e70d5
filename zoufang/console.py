"""What commands say: data on stdout, progress and remarks on stderr, tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """Exit codes (DESIGN §5)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_REJECTED = 3
    SOME_TO_REVIEW = 4
    INTERRUPTED = 130


def say(message: str) -> None:
    err.print(message, markup=False, soft_wrap=True)


def tell(message: str) -> None:
    """A line of the result."""
    out.print(message, markup=False, soft_wrap=True)


def print_json(data: Any) -> None:
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def conclude(as_json: bool, data: Any, words: str) -> None:
    """The result: as JSON, or a line of words."""
    if as_json:
        print_json(data)
    else:
        tell(words)


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Numbers are set to the right."""
    rows = [tuple(row) for row in rows]
    out.print(title, style="bold", markup=False, soft_wrap=True)
    table = Table(header_style="bold")
    for n, heading in enumerate(headings):
        numeric = bool(rows) and all(isinstance(row[n], int | float) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    out.print(table)


def progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )


def size_words(count: int) -> str:
    """A number of bytes as people say it."""
    size = float(count)
    for unit in ("字节", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "字节" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
