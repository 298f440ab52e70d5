"""A PDF file out of sheets and cards: what repeats is drawn once, as a form object, and reused."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from forms.model import Form
from generate import cards
from generate.cards import CardPrint, CardSet
from generate.fonts import FontBook
from generate.pen import CanvasPen, Pen
from generate.sheets import SheetPrint, draw_personal, draw_static
from layouts.model import PageFrame
from layouts.typeset import MM_PER_PT

rl_config.useA85 = 0  # streams as they are: text armour makes files a quarter larger, and takes time


@dataclass(frozen=True)
class PageEntry:
    """What a page of a file holds.

    The backs of cards, which carry their codes, have one entry per card, with the card's corner; their
    fronts have no serial. A page left empty, so that the next begins on a fresh piece of paper, has
    neither serial nor form_page, and the form of the sheet whose back it is.
    """

    page: int  # in the file, from 1
    serial: str | None
    form: str | None
    form_version: int | None
    form_page: int | None
    x_mm: float | None = None
    y_mm: float | None = None


def write_pdf(
    path: Path, items: Sequence[SheetPrint | CardSet], fonts: FontBook | None = None
) -> list[PageEntry]:
    """Writes `path`, for printing on both sides, and says what is on its pages.

    The same items and fonts make the same bytes. Raises TooLongError, MissingGlyphsError, FontError,
    OSError; then no file is written.
    """
    document = _Document(fonts or FontBook())
    for item in items:
        if isinstance(item, CardSet):
            document.add_cards(item)
        else:
            document.add_sheet(item)
    path.write_bytes(document.finish())
    return document.entries


class _Document:
    """The pages drawn so far."""

    def __init__(self, fonts: FontBook) -> None:
        self.entries: list[PageEntry] = []
        self._fonts = fonts
        self._buffer = io.BytesIO()
        self._canvas = Canvas(self._buffer, invariant=1, pageCompression=1)

    def finish(self) -> bytes:
        self._canvas.save()
        return self._buffer.getvalue()

    def add_sheet(self, sheet: SheetPrint) -> None:
        layout = sheet.layout
        if begins_paper(sheet, self.entries[-1] if self.entries else None):
            self._begin_paper()
        pen = self._begin_page(layout.frame)
        name = f"{layout.digest}-{sheet.page}"
        self._draw_once(name, layout.frame, lambda pen: draw_static(pen, layout, sheet.page))
        draw_personal(pen, sheet)
        self.entries.append(
            PageEntry(self._page, sheet.serial, layout.form.id, layout.form.version, sheet.page)
        )
        self._canvas.showPage()

    def add_cards(self, card_set: CardSet) -> None:
        for some in card_set.sheets():
            self._begin_paper()
            for side in (cards.FRONT, cards.BACK):
                self._add_card_side(card_set, some, side)

    def _add_card_side(self, card_set: CardSet, some: Sequence[CardPrint], side: int) -> None:
        pen, page, form = self._begin_page(cards.FRAME), self._page, card_set.form
        self._draw_once("cut-marks", cards.FRAME, cards.draw_cut_marks)
        draw = cards.draw_front if side == cards.FRONT else cards.draw_back
        for number, card in enumerate(some):
            at = cards.corner(number, side)
            facts = card.facts
            name = f"card-{side}-{_digest(form, facts)}"
            self._draw_once(name, cards.FRAME, lambda pen, facts=facts: draw(pen, form, facts), at)  # type: ignore[misc]
            if side == cards.BACK:
                cards.draw_identity(pen, form, card, at)
        self.entries += card_entries(page, form, some, side)
        self._canvas.showPage()

    @property
    def _page(self) -> int:
        """Number of the page that is being drawn."""
        return int(self._canvas.getPageNumber())

    def _begin_page(self, frame: PageFrame) -> Pen:
        self._canvas.setPageSize((frame.width / MM_PER_PT, frame.height / MM_PER_PT))
        return CanvasPen(self._canvas, frame.height, self._fonts)

    def _begin_paper(self) -> None:
        """Leaves a back empty if need be: odd pages are fronts."""
        if self._page % 2 == 0:
            self.entries.append(empty_back(self.entries[-1]))
            self._canvas.showPage()

    def _draw_once(
        self, name: str, frame: PageFrame, draw: Callable[[Pen], None], at: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Shows the form object `name` moved to `at`; draws it when first asked for."""
        canvas = self._canvas
        if not canvas.hasForm(name):
            canvas.beginForm(name, 0, 0, frame.width / MM_PER_PT, frame.height / MM_PER_PT)
            draw(CanvasPen(canvas, frame.height, self._fonts))
            canvas.endForm()
        canvas.saveState()
        canvas.translate(at[0] / MM_PER_PT, -at[1] / MM_PER_PT)
        canvas.doForm(name)
        canvas.restoreState()


def join_pdfs(path: Path, parts: Sequence[Path]) -> list[int]:
    """Writes the pages of `parts`, files of `write_pdf`, to one file, each part beginning on a fresh
    piece of paper. Returns how many pages stand before each part. Raises OSError."""
    firsts = []
    with pikepdf.Pdf.new() as joined:
        for part in parts:
            if len(joined.pages) % 2:
                box = joined.pages[-1].mediabox
                joined.add_blank_page(page_size=(float(box[2]), float(box[3])))
            firsts.append(len(joined.pages))
            with pikepdf.open(part) as pdf:
                joined.pages.extend(pdf.pages)
        joined.save(path, deterministic_id=True)
    return firsts


def begins_paper(sheet: SheetPrint, before: PageEntry | None) -> bool:
    """Whether a side must not be on the back of what came before it: another form, or a side that goes
    its own way. Pages of a diary, handed out as many, share their paper."""
    layout = sheet.layout
    if sheet.page in (*layout.sealed_pages, *layout.anonymous_pages):
        return True
    loose = layout.form.per_cadre > 1 and layout.pages == 1
    return sheet.page == 1 and not (loose and before is not None and before.form == layout.form.id)


def card_entries(page: int, form: Form, some: Sequence[CardPrint], side: int) -> list[PageEntry]:
    """What a page with these cards holds."""
    if side == cards.FRONT:
        return [PageEntry(page, None, form.id, form.version, side)]
    corners = (cards.corner(n, side) for n in range(len(some)))
    return [
        PageEntry(page, card.serial, form.id, form.version, side, *at)
        for card, at in zip(some, corners, strict=True)
    ]


def empty_back(front: PageEntry) -> PageEntry:
    """The page behind `front` when nothing is printed on it."""
    return PageEntry(front.page + 1, None, front.form, front.form_version, None)


def _digest(*what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]
