"""How many pages a second one core prints, beside everything drawn anew on each page.

    python -m benchmarks.print [PAGES]

Household forms with random serials and facts of realistic length; CPU time, best of three, the QR
codes' encoding included, the fonts loaded before.
"""

from __future__ import annotations

import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from forms import load_catalogue
from generate import FontBook, SheetPrint, write_pdf
from generate.pen import CanvasPen
from generate.sheets import draw_personal, draw_static
from layouts import Identity, Key, place

_TARGET = 300


def main(pages: int) -> None:
    sheets, fonts = _sheets(pages), FontBook()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "packet.pdf"
        write_pdf(path, sheets[:2], fonts)
        reused = _best(lambda: write_pdf(path, sheets, fonts))
        size = path.stat().st_size / pages
    anew = _best(lambda: _everything_anew(sheets[: pages // 4], fonts)) * 4
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"static part once     {pages / reused:6.0f} pages/s  {size:6.0f} bytes/page  (target {_TARGET})")
    print(f"everything each page {pages / anew:6.0f} pages/s  ({anew / reused:.1f} × the time)")
    print(f"{pages} pages, peak memory {memory:.0f} MB")


def _sheets(pages: int) -> list[SheetPrint]:
    layout, key = place(load_catalogue()["2-5"]), Key(bytes(32))
    made = []
    for n in range(pages):
        serial, page = key.new_serial(), n % layout.pages + 1
        code = key.encode(Identity(serial, layout.form.id, page))
        facts = {
            "household_code": f"3204111042030{n // 34:02d}{n % 34:03d}",
            "village": "塘口村",
            "group": f"{n // 34 % 24 + 1}组",
            "head": "欧阳建国"[n % 2 : n % 3 + 2],
            "door": f"塘口村委西徐家塘{n % 99 + 1}号",
            "visitor": "陆建明",
        }
        made.append(SheetPrint(layout, page, layout.pages, serial, code, facts))
    return made


def _everything_anew(sheets: list[SheetPrint], fonts: FontBook) -> None:
    canvas = Canvas(io.BytesIO(), invariant=1, pageCompression=1)
    for sheet in sheets:
        pen = CanvasPen(canvas, sheet.layout.frame.height, fonts)
        draw_static(pen, sheet.layout, sheet.page)
        draw_personal(pen, sheet)
        canvas.showPage()
    canvas.save()


def _best(work: Callable[[], object], times: int = 3) -> float:
    """Least CPU seconds."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
