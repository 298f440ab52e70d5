"""The form types: frozen and plain. `forms.catalogue` parses them from YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Value = str | list[str] | bool | None
"""An answer: option key or None (single), sorted option keys (multiple), string as written
(digits, text, lines), `YYYY-MM-DD` (date), True or False (signature)."""


class Kind(StrEnum):
    """What sort of answer a field takes."""

    SINGLE = "single"  # one box of a group (S); a lone □ is a single with one option
    MULTIPLE = "multiple"  # several boxes (M)
    DIGITS = "digits"  # comb of n cells (Dn)
    DATE = "date"  # comb YYYYMMDD (T)
    TEXT = "text"  # short handwriting on one line (H)
    LINES = "lines"  # handwriting on several ruled lines (Ln)
    SIGNATURE = "signature"  # signature or seal: present or not (Sig)
    PREFILL = "prefill"  # printed from the roster, never read (P)


class Required(StrEnum):
    """When a blank answer is a problem."""

    NO = "no"
    ALWAYS = "always"
    IF_COMPLETED = "if_completed"


@dataclass(frozen=True)
class Option:
    """One choice. `exclusive` choices (无, 不了解) rule out all others of the field."""

    key: str
    label: str
    exclusive: bool = False


@dataclass(frozen=True)
class Field:
    """One thing asked.

    key        unique in the form; rows of a repeated group are `opinion_1.category`
    source     for PREFILL: the fact's name: `subject.*`, `cadre.*`, `unit.*` or `campaign.*`
    cells      for DIGITS and DATE: number of comb cells
    lines      for LINES: number of ruled lines
    max_choices for MULTIPLE: how many boxes may be marked
    width      for TEXT, PREFILL and SIGNATURE: least length of the writing line or place, mm
    height     for SIGNATURE: height of the place, mm, where a seal goes (42 mm wide); 0 for a line;
               for PREFILL: height of the place for a paragraph
    rule       for DIGITS: name of a rule in `forms.rules` (mobile, phone, month_day)
    low, high  for DIGITS: bounds of the number
    vocabulary for TEXT: name of a word list that the answer is likely to come from
    required   `Required.IF_COMPLETED` fields may stay blank when the visit did not take place
    critical   keyed by two people blindly, whatever the reader's confidence
    column     in a table: the heading below which it stands
    options_from  for SINGLE and MULTIPLE: a list of the town's that gives the options before `options`
               when a layout is made (`forms.options`), e.g. `offices`
    """

    key: str
    label: str
    kind: Kind
    options: tuple[Option, ...] = ()
    required: Required = Required.NO
    source: str = ""
    cells: int = 0
    lines: int = 0
    max_choices: int = 0
    width: float = 0.0
    height: float = 0.0
    rule: str = ""
    low: int | None = None
    high: int | None = None
    unit: str = ""
    vocabulary: str = ""
    critical: bool = False
    column: str = ""
    options_from: str = ""

    @property
    def block(self) -> str:
        """The repeated group that it belongs to, `opinion_1`; empty for most."""
        return self.key.rpartition(".")[0]

    def option(self, key: str) -> Option:
        return next(option for option in self.options if option.key == key)


@dataclass(frozen=True)
class Row:
    """Fields that stand side by side while the width lasts, and are never parted by a page break.

    matrix  the fields share their options: the options are a heading, each field is one line of boxes
    table   the fields stand below the headings that are their `column`; neighbouring rows of one
            section make one table, whose headings are repeated on every side
    words   what a row of a table is about; without any field: a paragraph to be read
    """

    fields: tuple[Field, ...]
    matrix: bool = False
    table: bool = False
    words: str = ""


@dataclass(frozen=True)
class Section:
    """A titled block of rows.

    together  no page break inside it
    number    marks the sections of a repeated block
    columns   the rows of its table stand in so many columns side by side
    running   stands at the top of every side of its page; holds prefilled facts alone
    """

    title: str
    rows: tuple[Row, ...]
    together: bool = False
    number: str = ""
    columns: int = 1
    running: bool = False


@dataclass(frozen=True)
class Page:
    """Sections that start on a new side of paper and take up at most `sides` sides.

    sealed     returned apart, in an envelope, for the inspection group alone (督查组)
    anonymous  no link from these sides to a subject may exist anywhere
    title, note  stand there instead of the form's own title and instruction
    """

    sections: tuple[Section, ...]
    title: str = ""
    note: str = ""
    anonymous: bool = False
    sealed: bool = False
    sides: int = 1


@dataclass(frozen=True)
class Check:
    """A rule across fields, e.g. `party_members <= max(registered, resident)`; see `forms.checks`."""

    expression: str
    message: str


@dataclass(frozen=True)
class Form:
    """An appendix.

    id            `2-5`: at most 6 of A-Z 0-9 and `-`; it is printed in the QR code
    subject_kinds whom a form may be about: household, enterprise, project, village, cadre,
                  notable, unit, issue; empty when it concerns nobody in particular
    completed     (field, option) that says that the visit took place: until it holds, the fields
                  that are required IF_COMPLETED may stay blank
    anonymous     no link from a sheet to a person may exist anywhere
    per_cadre     how many copies, about nobody in particular, every cadre gets
    """

    id: str
    version: int
    title: str
    appendix: str
    subject_kinds: tuple[str, ...]
    pages: tuple[Page, ...]
    checks: tuple[Check, ...] = ()
    completed: tuple[str, str] | None = None
    anonymous: bool = False
    instruction: str = ""
    landscape: bool = False
    kind: str = "sheet"  # "sheet" is filled in and read; "card" is only printed
    per_cadre: int = 0

    def rows(self) -> Iterator[Row]:
        """Every row in printed order."""
        return (row for page in self.pages for section in page.sections for row in section.rows)

    def fields(self) -> Iterator[Field]:
        """Every field in printed order, prefilled ones included."""
        for row in self.rows():
            yield from row.fields

    def field(self, key: str) -> Field:
        """Raises KeyError when the form has no such field."""
        for field in self.fields():
            if field.key == key:
                return field
        raise KeyError(f"form {self.id} has no field {key!r}")

    @property
    def sealed_keys(self) -> frozenset[str]:
        """The fields on sealed pages."""
        rows = (
            row for page in self.pages if page.sealed for section in page.sections for row in section.rows
        )
        return frozenset(field.key for row in rows for field in row.fields)

    def asked(self) -> Iterator[Field]:
        """The fields that a person fills in."""
        return (field for field in self.fields() if field.kind is not Kind.PREFILL)
