"""A pen for Word: collects what is drawn on a page, and puts it at exact places in Word's own terms.

All frames and rules of one colour and width are one freeform shape as large as the page, so that their
places among themselves cannot slip, and a page costs Word a handful of shapes instead of hundreds.
Words are frames (`w:framePr`), one to a line of words on one baseline, with a tab stop for each of them:
a clerk edits a line as a line, and what follows a longer word stays where its box is. Text boxes would be
the modern way, but LibreOffice (7.4) puts all text boxes of a page header into the page's corner.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsmap
from docx.oxml.xmlchemy import BaseOxmlElement
from PIL import Image

from generate.fonts import FontBook
from generate.pen import BOX_GREY, BOX_LINE_PT, MARKER_CELLS, Colour, marker_cells, qr_rows
from layouts.model import Box, PageFrame, Point, Rule, Text
from layouts.typeset import MM_PER_PT

EMU_PER_MM = 36000
EMU_PER_PT = 12700
TWIPS_PER_MM = 1440 / 25.4

FACES = MappingProxyType(
    {
        "title": ("Times New Roman", "方正小标宋简体"),
        "hei": ("Arial", "黑体"),
        "song": ("Times New Roman", "宋体"),
        "kai": ("Times New Roman", "楷体"),
        "fang": ("Times New Roman", "仿宋"),
        "serial": ("Consolas", "黑体"),
    }
)
"""Role → the faces for Latin and for Chinese that Word and WPS on a Chinese Windows have."""
LIKE_FACES = MappingProxyType(
    {"方正小标宋简体": "华文中宋", "楷体": "楷体_GB2312", "Consolas": "DejaVu Sans Mono"}
)
"""Face → the one to take where it is missing."""
_BOLD = ("serial",)

_LINE_EMS = 1.05
"""Height of a line of words: as much as two lines of a fact or of a label have. Higher frames would touch
each other, and Word moves frames that do."""
_ABOVE_BASELINE = 0.8
"""Share of an exact line height that Word and LibreOffice put above the baseline, whatever the face."""
_ROOM, _ROOM_MM = 1.15, 4.0  # for faces wider than ours, and for a clerk's longer word
_LEAST_GAP_MM = 1.0  # words nearer than that get frames of their own: a tab could be overrun
_QR_PX = 10  # per module

_BLACK: Colour = (0.0, 0.0, 0.0)
_WHITE: Colour = (1.0, 1.0, 1.0)

_NAMESPACES = nsmap | {
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
}
_DECLARED = " ".join(
    f'xmlns:{prefix}="{_NAMESPACES[prefix]}"' for prefix in ("w", "r", "wp", "a", "pic", "mc", "wps")
)
_PICTURE_URI = _NAMESPACES["pic"]
_SHAPE_URI = _NAMESPACES["wps"]

_Emus = tuple[int, int]
_Path = tuple[Point, ...]
"""Corners; closed when it ends where it began."""


@dataclass(frozen=True)
class _Word:
    """A text on the page, with its ends."""

    text: Text
    colour: Colour
    left: float
    right: float

    @property
    def height(self) -> float:
        return self.text.size * _LINE_EMS * MM_PER_PT

    @property
    def top(self) -> float:
        return self.text.y - self.height * _ABOVE_BASELINE

    def beside(self, other: _Word) -> bool:
        """Whether some of it is as high on the page as some of the other."""
        return self.top < other.top + other.height and other.top < self.top + self.height


@dataclass(frozen=True)
class _Line:
    """Neighbouring words on one baseline, from left to right."""

    words: tuple[_Word, ...]

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return self.words[-1].right

    @property
    def tallest(self) -> _Word:
        return max(self.words, key=lambda word: word.height)


class WordPen:
    """Draws for one page, or for a card whose corner is `origin` after `at`.

    keep_picture  takes a PNG, gives the relationship id by which the part to be drawn on knows it
    ids           for the shapes, unique in the document
    """

    def __init__(
        self, frame: PageFrame, fonts: FontBook, keep_picture: Callable[[bytes], str], ids: Iterator[int]
    ) -> None:
        self._frame, self._fonts, self._keep_picture, self._ids = frame, fonts, keep_picture, ids
        self._origin: Point = (0.0, 0.0)
        self._fills: dict[Colour, list[_Path]] = defaultdict(list)
        self._strokes: dict[tuple[Colour, float], list[_Path]] = defaultdict(list)
        self._codes: list[tuple[str, float, float, float]] = []
        self._words: dict[tuple[Point, float], list[_Word]] = defaultdict(list)

    @property
    def fonts(self) -> FontBook:
        return self._fonts

    def at(self, origin: Point) -> WordPen:
        """A pen for the same page that counts from `origin`."""
        moved = copy(self)
        moved._origin = origin
        return moved

    def text(self, text: Text, colour: Colour | None = None) -> None:
        if text.text:
            x, y = self._moved(text.x, text.y)
            width = self._fonts.width(text.text, text.font, text.size)
            left = x - width * {"left": 0.0, "centre": 0.5, "right": 1.0}[text.align]
            word = _Word(replace(text, x=x, y=y), colour or _grey(text.grey), left, left + width)
            self._words[self._origin, round(y, 2)].append(word)

    def rule(self, rule: Rule) -> None:
        ends = (self._moved(rule.x1, rule.y1), self._moved(rule.x2, rule.y2))
        self._strokes[_grey(rule.grey), rule.width].append(ends)

    def bar(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        self._fills[colour].append(self._rectangle(x, y, w, h))

    def frame(self, box: Box) -> None:
        outline = self._rectangle(box.x, box.y, box.w, box.h)
        self._strokes[_grey(BOX_GREY), BOX_LINE_PT].append(outline)

    def marker(self, number: int, corner: Point, side: float) -> None:
        """White cells on a black square: no seam shows between cells, whatever the filling rule."""
        cell = side / MARKER_CELLS
        self.bar(*corner, side, side, _BLACK)
        for row, bits in enumerate(marker_cells(number)):
            for column, white in enumerate(bits):
                if white:
                    self.bar(corner[0] + cell * column, corner[1] + cell * row, cell, cell, _WHITE)

    def qr(self, code: str, x: float, y: float, side: float) -> None:
        self._codes.append((code, *self._moved(x, y), side))

    def drawn(self) -> tuple[list[BaseOxmlElement], list[BaseOxmlElement]]:
        """Paragraphs in frames, and runs with shapes for a paragraph on the same page."""
        everything = [word for words in self._words.values() for word in words]
        from_the_top = [words for _, words in sorted(self._words.items())]
        lines = [line for words in from_the_top for line in _lines(words, everything)]
        frames = [_paragraph(line, *self._ends(line, lines)) for line in lines]
        shapes = [
            # White cells last, on their black squares.
            *(self._filled(colour, paths) for colour, paths in sorted(self._fills.items())),
            *(self._stroked(*pen, paths) for pen, paths in self._strokes.items()),
            *(self._picture(*code) for code in self._codes),
        ]
        runs = [f"<w:r {_DECLARED}>{shape}</w:r>" for shape in shapes]
        return [parse_xml(frame) for frame in frames], [parse_xml(run) for run in runs]

    def _ends(self, line: _Line, lines: Sequence[_Line]) -> tuple[float, float]:
        """A frame's left and right: more than its words need, but at most half way to its neighbours."""
        room = (line.right - line.left) * (_ROOM - 1) + _ROOM_MM
        beside = [other for other in lines if other is not line and other.tallest.beside(line.tallest)]
        lefts = [(other.right + line.left) / 2 for other in beside if other.left < line.left]
        rights = [(line.right + other.left) / 2 for other in beside if other.left > line.left]
        align = line.words[0].text.align if len(line.words) == 1 else "left"
        give = {"left": (0.0, room), "centre": (room / 2, room / 2), "right": (room, 0.0)}[align]
        return (
            max([line.left - give[0], 0.0, *lefts]) if give[0] else line.left,
            min([line.right + give[1], self._frame.width, *rights]) if give[1] else line.right,
        )

    def _filled(self, colour: Colour, paths: Sequence[_Path]) -> str:
        return self._freeform(paths, _fill(colour), f"<a:ln>{_NOTHING}</a:ln>")

    def _stroked(self, colour: Colour, width: float, paths: Sequence[_Path]) -> str:
        line = (
            f'<a:ln w="{round(width * EMU_PER_PT)}" cap="flat">{_fill(colour)}'
            '<a:prstDash val="solid"/><a:miter lim="800000"/></a:ln>'
        )
        return self._freeform(paths, _NOTHING, line)

    def _freeform(self, paths: Sequence[_Path], fill: str, line: str) -> str:
        """All paths as one shape, whose own coordinates are the page's."""
        width, height = _emu(self._frame.width), _emu(self._frame.height)
        geometry = (
            "<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>"
            '<a:rect l="0" t="0" r="r" b="b"/>'
            f'<a:pathLst><a:path w="{width}" h="{height}">{"".join(map(_path, paths))}</a:path></a:pathLst>'
            "</a:custGeom>"
        )
        shape = _shape((width, height), geometry + fill + line)
        return self._anchor((0, 0), (width, height), "印记", shape)

    def _picture(self, code: str, x: float, y: float, side: float) -> str:
        name = self._keep_picture(_png(code))
        extent = f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{_emu(side)}" cy="{_emu(side)}"/></a:xfrm>'
        picture = (
            f'<a:graphic><a:graphicData uri="{_PICTURE_URI}"><pic:pic>'
            '<pic:nvPicPr><pic:cNvPr id="0" name="qr.png"/><pic:cNvPicPr/></pic:nvPicPr>'
            f'<pic:blipFill><a:blip r:embed="{name}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
            f'<pic:spPr>{extent}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
            "</pic:pic></a:graphicData></a:graphic>"
        )
        return self._anchor((_emu(x), _emu(y)), (_emu(side), _emu(side)), "二维码", picture)

    def _anchor(self, at: _Emus, size: _Emus, kind: str, graphic: str) -> str:
        """The drawing at a place of the page, in EMU. Shapes are drawn in the order of their numbers."""
        number = next(self._ids)
        drawing = (
            '<w:drawing><wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" '
            f'relativeHeight="{number}" behindDoc="1" locked="1" layoutInCell="0" '
            'allowOverlap="1"><wp:simplePos x="0" y="0"/>'
            f'<wp:positionH relativeFrom="page"><wp:posOffset>{at[0]}</wp:posOffset></wp:positionH>'
            f'<wp:positionV relativeFrom="page"><wp:posOffset>{at[1]}</wp:posOffset></wp:positionV>'
            f'<wp:extent cx="{size[0]}" cy="{size[1]}"/><wp:effectExtent l="0" t="0" r="0" b="0"/>'
            f'<wp:wrapNone/><wp:docPr id="{number}" name="{kind}{number}"/><wp:cNvGraphicFramePr/>'
            f"{graphic}</wp:anchor></w:drawing>"
        )
        if _SHAPE_URI not in graphic:
            return drawing
        return (
            f'<mc:AlternateContent><mc:Choice Requires="wps">{drawing}</mc:Choice><mc:Fallback/>'
            "</mc:AlternateContent>"
        )

    def _moved(self, x: float, y: float) -> Point:
        return x + self._origin[0], y + self._origin[1]

    def _rectangle(self, x: float, y: float, w: float, h: float) -> _Path:
        left, top = self._moved(x, y)
        right, bottom = left + w, top + h
        return (left, top), (right, top), (right, bottom), (left, bottom), (left, top)


_NOTHING = "<a:noFill/>"
_ALIGNED = {"left": "left", "centre": "center", "right": "right"}


def _lines(words: Sequence[_Word], everything: Sequence[_Word]) -> Iterator[_Line]:
    """Words of one baseline, cut where a tab might be overrun, and where another word comes between."""
    ordered = sorted(words, key=lambda word: word.left)
    line = ordered[:1]
    for before, word in pairwise(ordered):
        between = any(
            before.left < other.left < word.left and other.beside(word)
            for other in everything
            if other.text.y != word.text.y
        )
        if between or word.left - before.right < _LEAST_GAP_MM:
            yield _Line(tuple(line))
            line = []
        line.append(word)
    yield _Line(tuple(line))


def _paragraph(line: _Line, left: float, right: float) -> str:
    """A line in its frame: a word by itself as it is aligned, others at their tab stops."""
    alone = line.words[0].text.align if len(line.words) == 1 else ""
    stops, runs = [], []
    for n, word in enumerate(line.words):
        if not alone and (n or word.text.align != "left"):
            stop = round((word.text.x - left) * TWIPS_PER_MM)
            stops.append(f'<w:tab w:val="{_ALIGNED[word.text.align]}" w:pos="{stop}"/>')
            runs.append("<w:r><w:tab/></w:r>")
        runs.append(_run(word))
    height = _twips(line.tallest.height)
    properties = (
        f'<w:framePr w:w="{int((right - left) * TWIPS_PER_MM)}" w:h="{height}" w:hRule="exact" '
        f'w:wrap="around" w:vAnchor="page" w:hAnchor="page" '
        f'w:x="{_twips(left)}" w:y="{_twips(line.tallest.top)}"/>'
        + (f"<w:tabs>{''.join(stops)}</w:tabs>" if stops else "")
        + f'<w:spacing w:before="0" w:after="0" w:line="{height}" w:lineRule="exact"/>'
        + f'<w:jc w:val="{_ALIGNED[alone or "left"]}"/>'
    )
    return f"<w:p {_DECLARED}><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def _run(word: _Word) -> str:
    latin, chinese = FACES[word.text.font]
    faces = f'w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{chinese}" w:cs="{latin}" w:hint="eastAsia"'
    bold = "<w:b/>" if word.text.font in _BOLD else ""
    size = f'<w:sz w:val="{round(word.text.size * 2)}"/>'
    look = f'<w:rFonts {faces}/>{bold}<w:color w:val="{_hex(word.colour)}"/>{size}'
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{escape(word.text.text)}</w:t></w:r>'


def _shape(size: _Emus, look: str) -> str:
    extent = f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{size[0]}" cy="{size[1]}"/></a:xfrm>'
    return (
        f'<a:graphic><a:graphicData uri="{_SHAPE_URI}"><wps:wsp><wps:cNvSpPr/>'
        f"<wps:spPr>{extent}{look}</wps:spPr><wps:bodyPr/></wps:wsp></a:graphicData></a:graphic>"
    )


def _path(corners: _Path) -> str:
    closed = len(corners) > 2 and corners[0] == corners[-1]
    points = [f'<a:pt x="{_emu(x)}" y="{_emu(y)}"/>' for x, y in (corners[:-1] if closed else corners)]
    lines = "".join(f"<a:lnTo>{point}</a:lnTo>" for point in points[1:])
    return f"<a:moveTo>{points[0]}</a:moveTo>{lines}{'<a:close/>' if closed else ''}"


def _png(code: str) -> bytes:
    """The QR code as a 1-bit picture without a margin."""
    rows = qr_rows(code)
    image = Image.new("1", (len(rows),) * 2)
    image.putdata([not row >> place & 1 for row in rows for place in reversed(range(len(rows)))])
    buffer = io.BytesIO()
    image.resize((len(rows) * _QR_PX,) * 2).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _twips(mm: float) -> int:
    return round(mm * TWIPS_PER_MM)


def _emu(mm: float) -> int:
    return round(mm * EMU_PER_MM)


def _fill(colour: Colour) -> str:
    return f'<a:solidFill><a:srgbClr val="{_hex(colour)}"/></a:solidFill>'


def _hex(colour: Colour) -> str:
    return "".join(f"{round(part * 255):02X}" for part in colour)


def _grey(grey: float) -> Colour:
    return grey, grey, grey
