"""Where things lie on the pages of a Word document that LibreOffice prints, beside the PDF's.

    python -m benchmarks.word

One packet with every form, printed as PDF and as DOCX; DOCX through LibreOffice (`soffice`). Distances in
mm between the layout and the page rendered at 300 dpi: of markers' corners, of the QR codes' edges, and of
the middles, by weight of ink, of all sides of boxes and of all writing lines. What is measured on the PDF
is the measurement's own error. Then 60 sides of household forms: size and time of the document.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from forms import load_catalogue
from generate import FontBook, PageEntry, SheetPrint, write_docx, write_pdf
from layouts import BoxKind, Identity, Key, place
from layouts.model import MARKER_DICTIONARY

DPI = 300
_REACH_MM = 0.4  # a row's rule is 0.5 mm from its boxes
_WRITTEN_ON = (BoxKind.TEXT, BoxKind.LINES)
_FRAMED = (BoxKind.CHECKBOX, BoxKind.COMB)


def main() -> None:
    fonts, sheets = FontBook(), every_side(Key(bytes(32)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = write_pdf(folder / "direct.pdf", sheets, fonts)
        write_docx(folder / "word.docx", sheets, fonts)
        print(f"{'mm off the layout':24} {'n':>6} {'p50':>6} {'p95':>6} {'max':>6}")
        _report("PDF", folder / "direct.pdf", entries, sheets)
        _report("DOCX, LibreOffice", print_from_word(folder / "word.docx"), entries, sheets)
        _time(folder / "many.docx", sheets, fonts)


def every_side(key: Key) -> list[SheetPrint]:
    """Every side of every form, without facts."""
    sides = []
    for layout in (place(form) for form in load_catalogue() if form.kind == "sheet"):
        for page in range(1, layout.pages + 1):
            serial = key.new_serial()
            code = key.encode(Identity(serial, layout.form.id, page))
            sides.append(SheetPrint(layout, page, layout.pages, serial, code))
    return sides


def print_from_word(document: Path) -> Path:
    """The PDF that LibreOffice makes of it, beside it. Raises OSError, CalledProcessError."""
    soffice = shutil.which("soffice")
    if soffice is None:
        raise FileNotFoundError("LibreOffice is not installed")
    # A profile of its own: soffice does nothing while another one runs with the same.
    profile = f"-env:UserInstallation=file://{document.parent / 'profile'}"
    command = [soffice, profile, "--headless", "--convert-to", "pdf", "--outdir", str(document.parent)]
    subprocess.run([*command, str(document)], check=True, capture_output=True, timeout=300)
    return document.with_suffix(".pdf")


class PrintedPage:
    """A page of a PDF, and the side that it should be."""

    def __init__(self, path: Path, number: int, side: SheetPrint) -> None:
        self.side = side
        with pypdfium2.PdfDocument(path) as document:
            page = document[number - 1]
            self.image = np.asarray(page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L"))
            self.scale = self.image.shape[1] / (page.get_width() / 72 * 25.4)  # px per mm

    def markers_off(self) -> Iterator[float]:
        """Of each marker: the largest distance of a coordinate of a corner. None that is not found."""
        parameters = cv2.aruco.DetectorParameters()
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
        corners, ids, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(self.image)
        places = self.side.layout.frame.markers()
        for number, found in zip(ids.ravel() if ids is not None else (), corners, strict=True):
            yield float(np.abs((found[0] + 0.5) / self.scale - np.array(places[int(number)])).max())

    def code_off(self) -> float:
        """The largest distance of an edge of the QR code."""
        x, y, size = self.side.layout.frame.qr
        left, top = self._px(x - 2), self._px(y - 2)
        dark = self.image[top : self._px(y + size + 2), left : self._px(x + size + 2)] < 128
        rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
        ends = left + columns[0], left + columns[-1] + 1, top + rows[0], top + rows[-1] + 1
        return float(np.abs(np.array(ends) / self.scale - (x, x + size, y, y + size)).max())

    def boxes_off(self) -> Iterator[float]:
        """Of each side of each box, and of each writing line; NaN for one that is not there."""
        dark = 255.0 - self.image.astype(float)
        for box in self.side.layout.on_page(self.side.page):
            right, bottom = box.x + box.w, box.y + box.h
            if box.kind in _FRAMED or box.kind in _WRITTEN_ON:
                yield self._line_off(dark, bottom, box.x, right)
            if box.kind in _FRAMED:
                yield self._line_off(dark, box.y, box.x, right)
                yield self._line_off(dark.T, box.x, box.y, bottom)
                yield self._line_off(dark.T, right, box.y, bottom)

    def _line_off(self, dark: NDArray[np.float64], at: float, begin: float, end: float) -> float:
        """From `at` to the middle of the line that runs there all the way from begin to end."""
        first = self._px(at - _REACH_MM)
        strip = dark[first : self._px(at + _REACH_MM), self._px(begin + 1) : self._px(end - 1)]
        profile = np.median(strip, 1)  # words that reach into the strip do not count
        if profile.max() < 40:
            return float("nan")
        middle = (profile * (np.arange(len(profile)) + first + 0.5)).sum() / profile.sum()
        return float(abs(middle / self.scale - at))

    def _px(self, mm: float) -> int:
        return round(mm * self.scale)


def _report(name: str, path: Path, entries: Sequence[PageEntry], sheets: Sequence[SheetPrint]) -> None:
    sides = {side.serial: side for side in sheets}
    pages = [PrintedPage(path, entry.page, sides[entry.serial]) for entry in entries if entry.serial]
    measured = {
        "markers": [off for page in pages for off in page.markers_off()],
        "QR codes": [page.code_off() for page in pages],
        "boxes and lines": [off for page in pages for off in page.boxes_off()],
    }
    print(name)
    for what, off in measured.items():
        p50, p95, most = np.percentile(off, (50, 95, 100))
        print(f"  {what:22} {len(off):6} {p50:6.3f} {p95:6.3f} {most:6.3f}")


def _time(path: Path, sheets: Sequence[SheetPrint], fonts: FontBook) -> None:
    household = [side for side in sheets if side.layout.form.id == "2-5"] * 30
    start = time.perf_counter()
    write_docx(path, household, fonts)
    written = time.perf_counter()
    print_from_word(path)
    done = time.perf_counter()
    print(f"{len(household)} sides of 2-5: {path.stat().st_size / 1000:.0f} kB")
    print(
        f"written in {written - start:.2f} s, printed by LibreOffice in {done - written:.1f} s with its start"
    )


if __name__ == "__main__":
    main()
