"""Options that are a list of the town's: asked about by name in the form, put in when it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from forms.model import Field, Form, Option, Row

_OFFICES = ("党政办", "经发局", "建设局", "财政所", "人社局", "农业局", "组织人事科", "环保站", "派出所")
_VILLAGES = ("东河村", "西塘村", "南桥社区")
EXAMPLES: Mapping[str, Sequence[Option]] = {
    "offices": tuple(Option(f"D{n:02d}", name) for n, name in enumerate(_OFFICES, 1)),
    "villages": tuple(Option(f"V{n:02d}", name) for n, name in enumerate(_VILLAGES, 1)),
}
"""For a look at a form where there is no roster.

offices   the town's units, its villages excepted
villages  villages and communities
"""


def resolved(form: Form, options: Mapping[str, Sequence[Option]]) -> Form:
    """The form with the options of its `options_from` lists before the options of its own."""
    if not any(field.options_from for field in form.fields()):
        return form

    def field(f: Field) -> Field:
        return replace(f, options=(*options.get(f.options_from, ()), *f.options)) if f.options_from else f

    def row(r: Row) -> Row:
        return replace(r, fields=tuple(field(f) for f in r.fields))

    pages = tuple(
        replace(page, sections=tuple(replace(s, rows=tuple(map(row, s.rows))) for s in page.sections))
        for page in form.pages
    )
    return replace(form, pages=pages)


def as_options(rows: Iterable[tuple[str, str]]) -> tuple[Option, ...]:
    """(code, name) → options."""
    return tuple(Option(code, name) for code, name in rows)
