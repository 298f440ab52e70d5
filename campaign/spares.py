"""Blank forms for whoever turns up in addition: nothing is printed on them that is not known, and where
the code of whom they are about would stand there is a place to write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from forms.model import Field, Form, Kind, Row
from layouts import Layout, PlacementError, place

NOT_PREPRINTED = "未预印"
CODE = "subject_code"
"""Key of the field for the code."""
_MOST_CELLS = 20


def spare(layout: Layout, codes: Mapping[str, Sequence[str]]) -> Layout:
    """The layout of a form's spares, marked as such. A form that is too full for the cells is left as it
    is: the code is then written where it would be printed, for people to read.

    codes  kind of subject → the roster's codes
    """
    appendix = f"{layout.form.appendix} {NOT_PREPRINTED}".strip()
    marked = replace(layout.form, appendix=appendix)
    try:
        return place(_with_code(marked, codes), layout.frame)
    except PlacementError:
        return place(marked, layout.frame)


def _with_code(form: Form, codes: Mapping[str, Sequence[str]]) -> Form:
    """The printed code replaced by a place to write it: cells for the digits of the longest of the
    roster's codes where all are numbers, else a line."""
    known = [code for kind in form.subject_kinds for code in codes.get(kind, ())]
    longest = max(map(len, known), default=0)
    numeric = 0 < longest <= _MOST_CELLS and all(code.isascii() and code.isdigit() for code in known)

    def row(old: Row) -> Row:
        return replace(old, fields=tuple(_written(f, longest if numeric else 0) for f in old.fields))

    pages = tuple(
        replace(page, sections=tuple(replace(s, rows=tuple(map(row, s.rows))) for s in page.sections))
        for page in form.pages
    )
    return replace(form, pages=pages)


def _written(f: Field, cells: int) -> Field:
    if f.kind is not Kind.PREFILL or f.source != "subject.code":
        return f
    if cells:
        return Field(CODE, f.label, Kind.DIGITS, cells=cells)
    return Field(CODE, f.label, Kind.TEXT, width=40.0)
