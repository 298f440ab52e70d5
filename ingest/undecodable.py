"""What cannot be decoded, in words for clerks: the errors of four libraries as one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pikepdf
import pypdfium2
from PIL import Image as Pillow

from forms.errors import ClerkError
from ingest import thresholds
from ingest.model import Problem

DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    RuntimeError,
    struct.error,
    zlib.error,
    pikepdf.PikepdfError,
    pikepdf.PdfError,
    pypdfium2.PdfiumError,
)
"""What the libraries raise on damaged data: they promise nothing narrower."""


class IntakeError(ClerkError):
    """A file, or one page of it, that cannot be taken in. `kind` is stable, the message for clerks."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def problem(self) -> Problem:
        return Problem(self.kind, str(self))


@contextmanager
def page_errors(number: int) -> Iterator[None]:
    """What decoders raise on damaged data, as one IntakeError that names the page."""
    try:
        yield
    except (Pillow.DecompressionBombError, MemoryError) as error:
        raise too_large() from error
    except DAMAGE as error:
        raise IntakeError(
            "broken_page", f"第 {number} 页的图像已损坏或不完整，读不出来，请重新扫描这一页。"
        ) from error


def check_size(width: int, height: int) -> None:
    """Raises IntakeError for pictures that no scanner makes, before they fill the memory."""
    if width * height > thresholds.MOST_PIXELS:
        raise too_large()


def too_large() -> IntakeError:
    limit = thresholds.MOST_PIXELS // 1_000_000
    return IntakeError("too_large", f"图片过大（超过 {limit} 百万像素），请用 200～300 dpi 重新扫描。")
