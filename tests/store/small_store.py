"""A database with two households, two cadres and one printed layout, and pages as a reader returns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from forms.model import Field, Form, Kind, Page, Row, Section, Value
from ingest.model import BoxSeen, Measurement, PageResult, PageState, Problem, Reading, Registration
from layouts.identity import Key
from layouts.model import Box, BoxKind, Layout, PageFrame
from store import Subject, Wanted, printed, roster

KEY = Key(bytes(range(32)))
HOUSEHOLD = Subject("household", "H1")
OTHER = Subject("household", "H2")
SHA = "a" * 64
ROWS: dict[str, list[dict[str, Any]]] = {
    "units": [{"code": "U1", "name": "经发局"}],
    "villages": [{"code": "V1", "name": "孟河村"}],
    "cadres": [
        {"code": "C1", "name": "陈国强", "type": "事业", "unit": "U1"},
        {"code": "C2", "name": "蒋玉兰", "type": "村干部"},
    ],
    "groups": [{"code": "G1", "village": "V1", "number": "1组"}],
    "households": [
        {"code": "H1", "village": "V1", "group": "G1", "head": "王小明", "tags": ["党员代表"]},
        {"code": "H2", "village": "V1", "group": "G1", "head": "李梅"},
    ],
    "assignments": [{"kind": "household", "subject": "H1", "cadre": "C1"}],
    "unit_villages": [{"unit": "U1", "village": "V1"}],
}


def tiny_layout(form_id: str = "T-1", version: int = 1, anonymous: bool = False) -> Layout:
    """Two pages with one field each."""
    fields = (Field("people", "人口", Kind.DIGITS, cells=2), Field("note", "备注", Kind.TEXT))
    pages = tuple(Page((Section("", (Row((field,)),)),)) for field in fields)
    form = Form(form_id, version, "试表", "附件", ("household",), pages, anonymous=anonymous)
    boxes = (
        Box("people", BoxKind.COMB, 1, 20, 40, 6, 8, cell=0),
        Box("note", BoxKind.TEXT, 2, 20, 40, 60, 8),
    )
    return Layout(form, PageFrame(), 2, boxes, (), ())


def fill_roster(db: Connection) -> None:
    roster.replace(db, ROWS)


def wanted(layout: Layout, subject: Subject | None = HOUSEHOLD, **more: Any) -> Wanted:
    """Both pages, for the first household by the first cadre unless said otherwise."""
    chosen = {"cadre": "C1", **more}
    return Wanted(layout.digest, layout.form.id, layout.form.version, (1, 2), 1, subject, **chosen)


def issue_one(db: Connection, layout: Layout, **more: Any) -> dict[int, str]:
    """Serials by page of one form handed out."""
    printed.keep_layout(db, layout)
    job = printed.start_job(db, {})
    return printed.issue(db, [wanted(layout, **more)], KEY.new_serial, job)[0].serials


def read_page(
    serial: str | None,
    values: dict[str, Value],
    state: PageState = PageState.READ,
    problems: Sequence[Problem] = (),
    confidence: float = 0.999,
) -> PageResult:
    """A page on which these values were read."""
    boxes = (BoxSeen("yes", None, {"fill": 0.25}),)
    return PageResult(
        state=state,
        serial=serial,
        form="T-1",
        page=1,
        turned=180,
        registration=Registration((1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0), 0.05, "markers:4"),
        measurements=tuple(Measurement(key, 0.1, (0.1, -0.2), 0.05, boxes) for key in values),
        readings=tuple(
            Reading(key, value, confidence, ((None, 0.001),), "e 1", "") for key, value in values.items()
        ),
        problems=tuple(problems),
    )
