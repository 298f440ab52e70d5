"""Tables whose rows are a list: a ledger's households, a leader's enterprises, a packet's contents.

A row of the list `walk` has the keys `walk_1.date`, `walk_2.date`, …, and is prefilled from the sources
`walk_1.code`, … A form has room for so many rows; `grown` makes room for more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from forms.model import Field, Form, Kind, Row

_ITEM = re.compile(r"([a-z][a-z_]*)_(\d+)\.(.+)")


def lists(form: Form) -> dict[str, int]:
    """List → how many of its rows the form has room for."""
    rooms: dict[str, int] = {}
    for field in form.fields():
        item = _ITEM.fullmatch(field.source) if field.kind is Kind.PREFILL else None
        if item:
            rooms[item[1]] = max(rooms.get(item[1], 0), int(item[2]))
    return rooms


def grown(form: Form, wanted: Mapping[str, int]) -> Form:
    """The form with room for `wanted[list]` rows at least, in steps of the rows that it has."""
    counts = {name: -(-max(wanted.get(name, 0), 1) // room) * room for name, room in lists(form).items()}
    if counts == lists(form):
        return form
    pages = []
    for page in form.pages:
        sections = (replace(s, rows=tuple(_rows(s.rows, counts, lists(form)))) for s in page.sections)
        pages.append(replace(page, sections=tuple(sections)))
    return replace(form, pages=tuple(pages))


def _rows(rows: tuple[Row, ...], counts: Mapping[str, int], had: Mapping[str, int]) -> Iterator[Row]:
    """The rows, each list's last one followed by as many more as are wanted."""
    for row in rows:
        yield row
        item = next((found for f in row.fields if (found := _ITEM.fullmatch(f.key))), None)
        if item and item[1] in counts and int(item[2]) == had[item[1]]:
            for n in range(had[item[1]] + 1, counts[item[1]] + 1):
                yield _numbered(row, item[1], int(item[2]), n)


def _numbered(row: Row, name: str, old: int, new: int) -> Row:
    def field(f: Field) -> Field:
        key, source = (text.replace(f"{name}_{old}.", f"{name}_{new}.", 1) for text in (f.key, f.source))
        return replace(f, key=key, source=source, label=f.label.replace(f"{old} ", f"{new} ", 1))

    words = str(new) if row.words == str(old) else row.words
    return replace(row, fields=tuple(field(f) for f in row.fields), words=words)
