"""Paper out: sheets and cards as PDF and Word files, blank pages to read against, the manifest of it all."""

from generate.blank import blank_pages
from generate.cards import CardPrint, CardSet
from generate.docx import write_docx
from generate.fit import TooLongError
from generate.fonts import FontBook, FontError, MissingGlyphsError
from generate.manifest import Owner, manifest, to_json
from generate.pdf import PageEntry, write_pdf
from generate.sheets import SheetPrint

__all__ = [
    "CardPrint",
    "CardSet",
    "FontBook",
    "FontError",
    "MissingGlyphsError",
    "Owner",
    "PageEntry",
    "SheetPrint",
    "TooLongError",
    "blank_pages",
    "manifest",
    "to_json",
    "write_docx",
    "write_pdf",
]
