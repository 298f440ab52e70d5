"""A Word document out of sheets and cards: prints as the PDF does, and its words can be edited.

What all sheets of a page have in common is the page header of their section, what a sheet has of its
own is in the body. So 60 sheets have their questions once: a word that a clerk edits there changes on
all of them, and nobody moves a box by accident while editing a body.

Edited in LibreOffice it is to be printed from there or saved as ODT, which is the same to the pixel; what
LibreOffice 7.4 saves as DOCX again has lost the places of the words.

    leaf     a piece of paper: what its front and its back have in common, and what is each one's own
    section  neighbouring leaves that have the same in common; headers for odd and for even pages
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count, groupby
from pathlib import Path

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.parts.story import StoryPart

from generate import cards
from generate.cards import CardPrint, CardSet
from generate.drawingml import LIKE_FACES, TWIPS_PER_MM, WordPen
from generate.fonts import FontBook
from generate.pdf import PageEntry, begins_paper, card_entries, empty_back
from generate.pen import Pen
from generate.sheets import SheetPrint, draw_personal, draw_static
from layouts.model import PageFrame

Draw = Callable[[WordPen], None]

_MARGIN_MM = 15.0  # what printers can do; only the empty paragraphs keep to it
_HEADER_MM = 8.0  # above all frames, so that none of them pushes the empty paragraphs around
_EMPTY = (
    f'<w:p {nsdecls("w")}><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
    '<w:rPr><w:sz w:val="2"/></w:rPr></w:pPr></w:p>'
)
_NOT_NEEDED = ("/thumbnail", "/stylesWithEffects", "/numbering", "/customXml")
"""Relationships of python-docx's template, by the ends of their types."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip files


@dataclass(frozen=True)
class _Common:
    """What pages have in common: `name` stands for it, equal names are drawn once."""

    name: str
    frame: PageFrame
    draw: Draw = field(compare=False)


@dataclass(frozen=True)
class _Side:
    """A page to be; an empty back has nothing."""

    common: _Common
    draw: Draw
    entries: tuple[PageEntry, ...]


def write_docx(
    path: Path, items: Sequence[SheetPrint | CardSet], fonts: FontBook | None = None
) -> list[PageEntry]:
    """Writes `path`, for printing on both sides, and says what is on its pages, as `write_pdf` does.

    The same items and fonts make the same bytes. Raises TooLongError, MissingGlyphsError, FontError,
    OSError; then no file is written.
    """
    sides = _sides(items)
    path.write_bytes(_Document(fonts or FontBook()).written(sides))
    return [entry for side in sides for entry in side.entries]


# --- pages ---------------------------------------------------------------------------------------


def _sides(items: Sequence[SheetPrint | CardSet]) -> list[_Side]:
    sides: list[_Side] = []
    for item in items:
        if isinstance(item, CardSet):
            _add_cards(sides, item)
        else:
            _add_sheet(sides, item)
    return sides


def _add_sheet(sides: list[_Side], sheet: SheetPrint) -> None:
    layout = sheet.layout
    fresh = begins_paper(sheet, sides[-1].entries[-1] if sides else None)
    if fresh or (sides and sides[-1].common.frame != layout.frame):
        _begin_paper(sides)
    common = _Common(
        f"{layout.digest}-{sheet.page}", layout.frame, lambda pen: draw_static(pen, layout, sheet.page)
    )
    form = layout.form
    entry = PageEntry(len(sides) + 1, sheet.serial, form.id, form.version, sheet.page)
    sides.append(_Side(common, lambda pen: draw_personal(pen, sheet), (entry,)))


def _add_cards(sides: list[_Side], card_set: CardSet) -> None:
    form = card_set.form
    cut_marks = _Common("cut-marks", cards.FRAME, cards.draw_cut_marks)
    for some in card_set.sheets():
        _begin_paper(sides)
        for side in (cards.FRONT, cards.BACK):
            corners = [cards.corner(n, side) for n in range(len(some))]
            entries = card_entries(len(sides) + 1, form, some, side)
            draw = partial(_draw_cards, card_set, list(zip(some, corners, strict=True)), side)
            sides.append(_Side(cut_marks, draw, tuple(entries)))


def _draw_cards(
    card_set: CardSet, some: Sequence[tuple[CardPrint, tuple[float, float]]], side: int, pen: WordPen
) -> None:
    draw = cards.draw_front if side == cards.FRONT else cards.draw_back
    for card, at in some:
        draw(pen.at(at), card_set.form, card.facts)
        if side == cards.BACK:
            cards.draw_identity(pen.at(at), card_set.form, card, (0.0, 0.0))


def _begin_paper(sides: list[_Side]) -> None:
    """Leaves a back empty if need be: odd pages are fronts."""
    if len(sides) % 2:
        entry = empty_back(sides[-1].entries[-1])
        sides.append(_Side(_empty(sides[-1].common.frame), _draw_nothing, (entry,)))


def _empty(frame: PageFrame) -> _Common:
    return _Common("", frame, _draw_nothing)


def _draw_nothing(pen: Pen) -> None:
    pass


# --- the document --------------------------------------------------------------------------------


class _Document:
    """Sections, with the page headers drawn so far."""

    def __init__(self, fonts: FontBook) -> None:
        self._fonts = fonts
        self._ids = count(1)
        self._headers: dict[str, str] = {}  # name of what is common → relationship id
        self._word = _empty_document()

    def written(self, sides: Sequence[_Side]) -> bytes:
        leaves = [sides[n : n + 2] for n in range(0, len(sides), 2)]
        sections = [(commons, list(leaves)) for commons, leaves in groupby(leaves, _commons)]
        for n, (commons, alike) in enumerate(sections):
            self._add_section([s for leaf in alike for s in leaf], commons, is_last=n + 1 == len(sections))
        buffer = io.BytesIO()
        self._word.save(buffer)
        return _without_dates(buffer)

    def _add_section(self, sides: Sequence[_Side], commons: tuple[_Common, _Common], is_last: bool) -> None:
        body = self._word.element.body
        pages = [self._drawn(side.common.frame, side.draw, self._word.part) for side in sides]
        for first, *_ in pages[1:]:
            first.pPr.insert(0, parse_xml(f"<w:pageBreakBefore {nsdecls('w')}/>"))
        for page in pages:
            body.extend(page)
        (body if is_last else body[-1].pPr).append(self._section_end(commons))

    def _section_end(self, commons: tuple[_Common, _Common]) -> BaseOxmlElement:
        odd, even = map(self._header, commons)
        frame = commons[0].frame
        turned = ' w:orient="landscape"' if frame.width > frame.height else ""
        margin = _twips(_MARGIN_MM)
        edges = " ".join(f'w:{edge}="{margin}"' for edge in ("top", "right", "bottom", "left"))
        return parse_xml(
            f"<w:sectPr {nsdecls('w', 'r')}>"
            f'<w:headerReference w:type="default" r:id="{odd}"/>'
            f'<w:headerReference w:type="even" r:id="{even}"/>'
            '<w:type w:val="nextPage"/>'
            f'<w:pgSz w:w="{_twips(frame.width)}" w:h="{_twips(frame.height)}"{turned}/>'
            f'<w:pgMar {edges} w:header="{_twips(_HEADER_MM)}" w:footer="{margin}" w:gutter="0"/>'
            "</w:sectPr>"
        )

    def _header(self, common: _Common) -> str:
        """The relationship id of the page header that draws it."""
        if common.name not in self._headers:
            part, name = self._word.part.add_header_part()
            for child in list(part.element):
                part.element.remove(child)
            part.element.extend(self._drawn(common.frame, common.draw, part))
            self._headers[common.name] = name
        return self._headers[common.name]

    def _drawn(self, frame: PageFrame, draw: Draw, part: StoryPart) -> list[BaseOxmlElement]:
        """Paragraphs: an empty one that carries the shapes, frames, and an empty one that they are before."""
        pen = WordPen(frame, self._fonts, lambda png: part.get_or_add_image(io.BytesIO(png))[0], self._ids)
        draw(pen)
        frames, shapes = pen.drawn()
        first, last = parse_xml(_EMPTY), parse_xml(_EMPTY)
        first.extend(shapes)
        return [first, *frames, last]


def _commons(leaf: Sequence[_Side]) -> tuple[_Common, _Common]:
    """Of its front and its back."""
    front = leaf[0].common
    return front, leaf[1].common if len(leaf) == 2 else _empty(front.frame)


def _empty_document() -> WordDocument:
    document = Document()
    for child in list(document.element.body):
        document.element.body.remove(child)
    _set_style(document)
    _set_settings(document)
    _name_like_faces(document)
    for owner in (document.part, document.part.package):
        for key in [key for key, rel in owner.rels.items() if rel.reltype.endswith(_NOT_NEEDED)]:
            del owner.rels[key]
    properties = document.core_properties
    properties.author = properties.comments = properties.title = ""
    return document


def _set_style(document: WordDocument) -> None:
    """Plain paragraphs in Chinese: no grid, and no blanks that Word adds between Chinese and digits."""
    normal = document.styles["Normal"].element
    for child in [*normal.findall(qn("w:pPr")), *normal.findall(qn("w:rPr"))]:
        normal.remove(child)
    for properties in (
        '<w:pPr {}><w:widowControl w:val="0"/><w:overflowPunct w:val="0"/><w:autoSpaceDE w:val="0"/>'
        '<w:autoSpaceDN w:val="0"/><w:snapToGrid w:val="0"/></w:pPr>',
        '<w:rPr {}><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" '
        'w:eastAsia="宋体" w:cs="Times New Roman"/><w:noProof/>'
        '<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>',
    ):
        normal.append(parse_xml(properties.format(nsdecls("w"))))


def _set_settings(document: WordDocument) -> None:
    """Headers for odd and even pages, codes never recompressed, and no compatibility mode."""
    settings = document.settings.element
    for child in list(settings):
        settings.remove(child)
    for setting in (
        "<w:evenAndOddHeaders {}/>",
        '<w:characterSpacingControl {} w:val="doNotCompress"/>',
        '<w:compat {}><w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>',
        '<w:themeFontLang {} w:val="en-US" w:eastAsia="zh-CN"/>',
        "<w:doNotAutoCompressPictures {}/>",
    ):
        settings.append(parse_xml(setting.format(nsdecls("w"))))


def _name_like_faces(document: WordDocument) -> None:
    """What Word is to take for a face that it does not have."""
    rels = document.part.rels.values()
    part = next(rel.target_part for rel in rels if rel.reltype == RELATIONSHIP_TYPE.FONT_TABLE)
    table = parse_xml(f"<w:fonts {nsdecls('w')}/>")
    for face, like in LIKE_FACES.items():
        font = f'<w:font {nsdecls("w")} w:name="{face}"><w:altName w:val="{like}"/></w:font>'
        table.append(parse_xml(font))
    part._blob = serialize_part_xml(table)


def _without_dates(package: io.BytesIO) -> bytes:
    """The same package, whenever it was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(package) as read, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as write:
        for name in read.namelist():
            write.writestr(zipfile.ZipInfo(name, _FIRST_DAY), read.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _twips(mm: float) -> int:
    return round(mm * TWIPS_PER_MM)
