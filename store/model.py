"""What passes in and out of the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from forms.model import Value


@dataclass(frozen=True, order=True)
class Subject:
    """Whom a form is about. `kind`: household, enterprise, project, village, group, cadre, notable, unit."""

    kind: str
    code: str


TABLE_OF_KIND = {
    "household": "households",
    "enterprise": "enterprises",
    "project": "projects",
    "village": "villages",
    "group": "groups",
    "cadre": "cadres",
    "notable": "notables",
    "unit": "units",
}


# --- the roster ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changes:
    """What loading a table did, in rows."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Duty:
    """A subject that a cadre must visit. `source`: "workbook", or the rule that proposed it."""

    subject: Subject
    cadre: str
    source: str


# --- printed -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A form to hand out: these `pages` of a layout, for a subject, by a cadre, in a round.

    A spare has no subject; an anonymous one neither subject nor cadre.
    """

    layout: str
    form: str
    version: int
    pages: tuple[int, ...]
    round: int
    subject: Subject | None = None
    cadre: str | None = None
    spare: bool = False
    anonymous: bool = False


@dataclass(frozen=True)
class Issued:
    """A form as it is in the database: page → serial. `reprint`: it was there before."""

    instance: str
    wanted: Wanted
    serials: dict[int, str]
    reprint: bool


@dataclass(frozen=True)
class SheetInfo:
    """What a serial stands for. `subject` is what a person said of a spare, if it is one."""

    serial: str
    instance: str
    page: int
    form: str
    version: int
    layout: str
    round: int
    subject: Subject | None
    cadre: str | None
    spare: bool
    anonymous: bool
    job: int | None
    issued_at: datetime | None
    void: bool = False


@dataclass(frozen=True)
class CardInfo:
    """The contact card that a serial stands for."""

    serial: str
    form: str
    cadre: str
    round: int
    number: int
    job: int
    issued_at: datetime


# --- scanned -------------------------------------------------------------------------------------


class SeenReading(Protocol):
    """What `ingest.model.Reading` is."""

    @property
    def field(self) -> str: ...
    @property
    def value(self) -> Value: ...
    @property
    def confidence(self) -> float: ...
    @property
    def alternatives(self) -> Sequence[tuple[Value, float]]: ...
    @property
    def engine(self) -> str: ...
    @property
    def doubt(self) -> str: ...


class SeenProblem(Protocol):
    """What `ingest.model.Problem` is."""

    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...


class SeenPage(Protocol):
    """What `ingest.model.PageResult` is; the store knows only what it must keep of it."""

    @property
    def state(self) -> str: ...
    @property
    def serial(self) -> str | None: ...
    @property
    def form(self) -> str | None: ...
    @property
    def page(self) -> int | None: ...
    @property
    def turned(self) -> int: ...
    @property
    def registration(self) -> object | None: ...
    @property
    def measurements(self) -> Sequence[object]: ...
    @property
    def readings(self) -> Sequence[SeenReading]: ...
    @property
    def problems(self) -> Sequence[SeenProblem]: ...


@dataclass(frozen=True)
class ScanInfo:
    """A file that came in.

    outcome  "complete", the kind of a rejection, or None while reading it has not ended
    pages    how many images it has, once complete
    done     the page numbers that are stored already: what an interrupted run need not repeat
    known    it had arrived before
    """

    sha256: str
    batch: int
    name: str
    bytes: int
    outcome: str | None
    pages: int | None
    message: str
    done: frozenset[int]
    known: bool

    @property
    def complete(self) -> bool:
        return self.outcome == "complete"


@dataclass(frozen=True)
class SavedPage:
    """A stored page image.

    earlier  other images of the same sheet that were read before
    noticed  what is wrong with it beside what was seen on it (`campaign.arrivals`)
    """

    id: int
    state: str
    earlier: tuple[int, ...] = ()
    noticed: Noticed | None = None


@dataclass(frozen=True)
class Noticed:
    """A `SeenProblem` that only who knows the other pages can tell of."""

    kind: str
    message: str


@dataclass(frozen=True)
class PageInfo:
    """A page image as stored. `registration` as `ingest.model.Registration`'s fields, or None;
    `part` counts the sheets on an image from 1."""

    id: int
    scan: str
    number: int
    batch: int
    state: str
    serial: str | None
    form: str | None
    page: int | None
    turned: int
    registration: dict[str, object] | None
    read_at: datetime
    part: int = 1


@dataclass(frozen=True)
class StoredReading:
    """A reading with the image that it comes from."""

    page_image: int
    field: str
    value: Value
    confidence: float
    alternatives: tuple[tuple[Value, float], ...]
    engine: str
    doubt: str


@dataclass(frozen=True)
class Correction:
    """What a person said instead.

    blind       keyed without seeing what was read
    unreadable  there is something, which nobody can read: it has no value
    """

    serial: str
    field: str
    value: Value
    who: str
    at: datetime
    blind: bool
    unreadable: bool = False


@dataclass(frozen=True)
class ProblemInfo:
    """A problem with where it is; `settled` once a person has dealt with it."""

    id: int
    kind: str
    message: str
    batch: int | None
    scan: str | None
    file: str | None
    number: int | None
    part: int | None
    page_image: int | None
    serial: str | None
    at: datetime
    settled: bool


@dataclass(frozen=True)
class AuditEntry:
    at: datetime
    who: str
    action: str
    detail: dict[str, object]
