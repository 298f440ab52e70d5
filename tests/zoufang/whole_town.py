"""A town whose households' forms all came back, without an image: rows as the reader would write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert

from campaign.assign import propose
from campaign.breaches import Breach, check
from campaign.roster import Roster, keep_roster, load_workbook
from forms.model import Kind, Value
from layouts import Layout, place
from samples.answers import answer
from samples.town import build_town, write_workbook
from store import Duty, Issued, Store, Wanted, printed, roster, scanned
from store.schema import decisions, now, page_images, readings
from workspace.folder import Workspace

SCAN = "a" * 64
_SETS = 200  # different answered forms, which households share
_AT_ONCE = 2000
Row = dict[str, Any]


@dataclass(frozen=True)
class WholeTown:
    """A workspace with its roster, duties and returned household forms."""

    workspace: Workspace
    store: Store
    duties: Sequence[Duty]
    breaches: Sequence[Breach]
    answers: Mapping[str, Mapping[str, Value]]  # household → what its form says


def whole_town(root: Path, households: int, round: int = 1) -> WholeTown:
    """Roster from a workbook, assignment, and a form of every household, handed out and come back."""
    workspace = Workspace.create(root)
    campaign, store = workspace.campaign, workspace.open_store()
    write_workbook(build_town(7, households), root / "名册.xlsx")
    people = load_workbook(root / "名册.xlsx")
    duties = propose(people, [], campaign.quotas)
    with store.write() as db:
        keep_roster(db, people, "li")
        roster.set_duties(db, round, duties)
    layout = place(workspace.catalogue["2-5"])
    walk = [duty for duty in duties if duty.subject.kind == "household"]
    with store.write() as db:
        issued = _hand_out(db, workspace, layout, walk, round)
        said = _bring_back(db, layout, issued)
    return WholeTown(workspace, store, duties, check(Roster(people.tables), duties, campaign.quotas), said)


def _hand_out(
    db: Connection, workspace: Workspace, layout: Layout, walk: Sequence[Duty], round: int
) -> list[Issued]:
    printed.keep_layout(db, layout)
    pages = tuple(range(1, layout.pages + 1))
    wanted = [
        Wanted(layout.digest, layout.form.id, layout.form.version, pages, round, duty.subject, duty.cadre)
        for duty in walk
    ]
    return printed.issue(db, wanted, workspace.key.new_serial, printed.start_job(db, {}))


def _bring_back(db: Connection, layout: Layout, issued: Sequence[Issued]) -> dict[str, Mapping[str, Value]]:
    """Every page read once, with confidence, in bulk: one page after the other takes minutes."""
    batch = scanned.start_batch(db, "inbox", "li")
    scanned.add_scan(db, batch, SCAN, "a.pdf", 1)
    sets = [answer(layout.form, np.random.default_rng(n)) for n in range(_SETS)]
    keys = {
        page: [f.key for f in layout.fields_on_page(page) if f.kind is not Kind.PREFILL]
        for page in range(1, layout.pages + 1)
    }
    said: dict[str, Mapping[str, Value]] = {}
    pages: list[tuple[str, int, Mapping[str, Value]]] = []
    for n, one in enumerate(issued):
        assert one.wanted.subject is not None
        said[one.wanted.subject.code] = sets[n % _SETS]
        pages += [(serial, page, sets[n % _SETS]) for page, serial in one.serials.items()]
    numbered = iter(enumerate(pages, 1))
    while chunk := list(islice(numbered, _AT_ONCE)):
        db.execute(insert(page_images), [_image(n, serial, page, batch) for n, (serial, page, _) in chunk])
        db.execute(insert(decisions), [{"id": n, "page_image": n, "decided_at": now()} for n, _ in chunk])
        db.execute(
            insert(readings), [row for n, (_, p, values) in chunk for row in _read(n, keys[p], values)]
        )
    return said


def _image(number: int, serial: str, page: int, batch: int) -> Row:
    return {
        "id": number,
        "scan": SCAN,
        "number": number,
        "batch": batch,
        "state": "read",
        "serial": serial,
        "form": "2-5",
        "page": page,
        "turned": 0,
        "registration": None,
        "read_at": now(),
    }


def _read(decision: int, keys: Sequence[str], values: Mapping[str, Value]) -> Iterator[Row]:
    for key in keys:
        yield {
            "decision": decision,
            "field": key,
            "value": values[key],
            "confidence": 0.9999,
            "alternatives": None,
            "engine": "e",
            "doubt": "",
        }
