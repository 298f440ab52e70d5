"""Blank forms for whoever turns up in addition: nothing is printed on them that is not known, and there
is a place for the code of whom they turn out to be about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from campaign.town import KIND_WORDS
from forms.model import Field, Form, Kind, Row

NOT_PREPRINTED = "未预印"
CODE = "subject_code"
"""Key of the field for the code."""
_MOST_CELLS = 20


def spare(form: Form, codes: Mapping[str, Sequence[str]]) -> Form:
    """The form as a spare, marked as such.

    codes  kind of subject → the roster's codes: where all of them are numbers there are cells for the
           digits of the longest, else a line
    """
    first, *others = form.pages
    section, *rest = first.sections
    rows = (Row((_code_field(form, codes),)), *section.rows)
    pages = (replace(first, sections=(replace(section, rows=rows), *rest)), *others)
    return replace(form, appendix=f"{form.appendix} {NOT_PREPRINTED}".strip(), pages=pages)


def _code_field(form: Form, codes: Mapping[str, Sequence[str]]) -> Field:
    known = [code for kind in form.subject_kinds for code in codes.get(kind, ())]
    label = _LABELS.get(form.subject_kinds[0], KIND_WORDS.get(form.subject_kinds[0], "") + "编码")
    longest = max(map(len, known), default=0)
    if 0 < longest <= _MOST_CELLS and all(code.isascii() and code.isdigit() for code in known):
        return Field(CODE, label, Kind.DIGITS, cells=longest)
    return Field(CODE, label, Kind.TEXT, width=60.0)


_LABELS = {"household": "户码", "village": "村编码", "enterprise": "企业编码", "notable": "名士编码"}
