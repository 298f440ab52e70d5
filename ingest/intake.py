"""A scan file → the pictures of its pages, one at a time.

Files are told apart by their content, never by their name. A PDF page that is one picture is taken
as that picture, which is several times faster than rendering it and loses nothing; other pages are
rendered. A page that cannot be decoded is a `BadPage` and costs none of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.model import PageImage, Problem
from ingest.pdfs import open_pdf
from ingest.pictures import open_picture
from ingest.undecodable import IntakeError

__all__ = ["BadPage", "IntakeError", "count", "page", "pages"]

_PDF, _PDF_HEADER_WITHIN = b"%PDF-", 1024
"""How a PDF begins, and the bytes in which that must occur: readers tolerate rubbish before it."""


@dataclass(frozen=True)
class BadPage:
    """A page that is there and cannot be decoded; `number` counts from 1."""

    number: int
    problem: Problem


class _Document(Protocol):
    """An opened scan file."""

    def __len__(self) -> int: ...

    def page(self, number: int) -> PageImage:
        """Raises IntakeError when this page cannot be decoded."""


def is_pdf(path: Path) -> bool:
    """Whether a file is opened as a PDF. Raises OSError."""
    with path.open("rb") as file:
        return _PDF in file.read(_PDF_HEADER_WITHIN)


def count(path: Path) -> int:
    """Number of pages, without decoding any. Raises IntakeError."""
    with _open(path) as document:
        return len(document)


def page(path: Path, number: int) -> PageImage:
    """One page, counted from 1. Raises IntakeError for the file and for the page alike."""
    with _open(path) as document:
        if not 1 <= number <= len(document):
            raise IntakeError("no_such_page", f"文件只有 {len(document)} 页，没有第 {number} 页。")
        return document.page(number)


def pages(path: Path) -> Iterator[PageImage | BadPage]:
    """All pages in order, each decoded when it is asked for. Raises IntakeError for the file."""
    with _open(path) as document:
        for number in range(1, len(document) + 1):
            try:
                yield document.page(number)
            except IntakeError as error:
                yield BadPage(number, error.problem)


@contextmanager
def _open(path: Path) -> Iterator[_Document]:
    try:
        with path.open("rb") as file:
            head = file.read(_PDF_HEADER_WITHIN)
    except FileNotFoundError as error:
        words = "文件不在了：可能已按保存期限清除，也可能被删去或搬走。"
        raise IntakeError("unreadable_file", words) from error
    except OSError as error:
        raise IntakeError("unreadable_file", f"文件打不开（{error.strerror}），请检查后重试。") from error
    if not head:
        raise IntakeError("empty", "文件是空的（0 字节），可能没有传完，请重新传送或重新扫描。")
    opener = open_pdf if _PDF in head else open_picture
    with opener(path) as document:
        if not len(document):
            raise IntakeError("empty", "文件里一页也没有，请重新扫描。")
        yield document
