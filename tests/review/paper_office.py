"""An office whose scans are fabricated: printed pages, marked with a few strokes, slightly askew, and
registered exactly. What "was read" is up to the test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2

from campaign.arrivals import keep_page
from campaign.config import Review
from forms import load_catalogue
from forms.model import Form, Kind, Value
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest.model import (
    Character,
    Measurement,
    PageResult,
    PageState,
    Reading,
    Registration,
    TextSeen,
)
from layouts import Identity, Layout, place
from review import Office
from store import Store, Subject, Wanted, printed, roster, scanned
from workspace.folder import CONFIG, Workspace

PX_PER_MM = 200 / 25.4
SURE = 0.9999


@dataclass
class Town:
    """A store with printed and returned forms."""

    office: Office
    layout: Layout
    serials: list[tuple[str, ...]]  # per form, by page
    batch: int = 0
    images: dict[str, int] = field(default_factory=dict)  # serial → page image

    @property
    def store(self) -> Store:
        return self.office.store


def make_town(
    folder: Path,
    forms: int = 4,
    *,
    form: Form | None = None,
    review: Review | None = None,
) -> Town:
    """`forms` household forms, printed and not returned."""
    workspace = Workspace.create(folder)
    settings = (review or Review(blind_sample=0.0)).model_dump()
    lines = (f"{name} = {value}" for name, value in settings.items())
    (workspace / CONFIG).write_text("\n".join(["[campaign.review]", *lines]), "utf-8")
    office = Office(workspace, workspace.open_store())
    key, store = office.key, office.store
    layout = place(form or load_catalogue()["2-5"])
    with store.write() as db:
        roster.replace(db, _people(forms))
        printed.keep_layout(db, layout)
        printed.keep_blanks(db, layout.digest, _blanks(layout))
        job = printed.start_job(db, {"test": True})
        wanted = [
            Wanted(
                layout.digest, layout.form.id, 1, tuple(range(1, layout.pages + 1)), 1,
                None if layout.form.anonymous else Subject("household", f"H{n:03}"),
                None if layout.form.anonymous else "C1",
                anonymous=layout.form.anonymous,
            )
            for n in range(forms)
        ]  # fmt: skip
        issued = printed.issue(db, wanted, key.new_serial, job)
        batch = scanned.start_batch(db, "test", "test")
    serials = [tuple(one.serials[page] for page in sorted(one.serials)) for one in issued]
    return Town(office, layout, serials, batch)


@cache
def _blanks(layout: Layout) -> list[bytes]:
    return blank_pages(layout)


def _people(households: int) -> dict[str, list[dict[str, Any]]]:
    return {
        "units": [{"code": "U1", "name": "经发局"}],
        "villages": [{"code": "V1", "name": "塘口村"}],
        "cadres": [{"code": "C1", "name": "周建国", "unit": "U1", "type": "机关"}],
        "groups": [{"code": "G1", "village": "V1", "number": "1"}],
        "households": [
            {
                "code": f"H{n:03}",
                "village": "V1",
                "group": "G1",
                "head": f"王小{'一二三四五六七八九十'[n % 10]}",
            }
            for n in range(households)
        ],
    }


NOT_AT_HOME: dict[str, tuple[Value, float]] = {
    "visit_date": ("2017-04-06", SURE),
    "visit_mode": ("in_person", SURE),
    "visit_result": ("not_home", SURE),
}
"""What is required of every visit; nothing else is, when nobody was at home."""
Answers = Mapping[str, tuple[Value, float]]
"""Field → what was read and how sure; fields left out are blank for sure, those with a box ticked too."""


def bring_back(
    town: Town, form: int, page: int = 1, answers: Answers | None = None, doubt: str = "", scan: int = 1
) -> int:
    """Scan a page of a form. Returns the number of its image."""
    serial = town.serials[form][page - 1]
    answers = {**NOT_AT_HOME, **(answers or {})}
    pixels, registration = scanned_page(town, page, answers)
    result = PageResult(
        PageState.READ,
        serial,
        town.layout.form.id,
        page,
        registration=registration,
        measurements=_measurements(town.layout, page, answers),
        readings=_readings(town.layout, page, answers, doubt),
    )
    town.images[serial] = keep(town, pixels, result, f"{serial}-{scan}")
    return town.images[serial]


def keep(town: Town, pixels: np.ndarray, result: PageResult, name: str) -> int:
    """Store a picture as an original of its own, and what was seen on it. Returns its number."""
    # No two files are alike, whatever is on the paper.
    data = cv2.imencode(".png", pixels)[1].tobytes() + name.encode()
    digest = hashlib.sha256(data).hexdigest()
    (town.office.originals / digest).write_bytes(data)
    with town.store.write() as db:
        scanned.add_scan(db, town.batch, digest, f"{name}.png", len(data))
        saved = keep_page(db, town.batch, digest, 1, result, town.office.campaign.acceptance)
        scanned.complete_scan(db, digest, 1)
    return saved.id


def _readings(layout: Layout, page: int, answers: Answers, doubt: str) -> tuple[Reading, ...]:
    blank: dict[Kind, Value] = {Kind.MULTIPLE: [], Kind.SIGNATURE: False}
    found = []
    for one in layout.fields_on_page(page):
        if one.kind is Kind.PREFILL:
            continue
        value, confidence = answers.get(one.key, (blank.get(one.kind), SURE))
        alternatives: tuple[tuple[Value, float], ...] = ()
        if one.kind is Kind.DIGITS and value:
            alternatives = ((str(value)[::-1], 0.2), ("7", 0.05))
        found.append(
            Reading(one.key, value, confidence, alternatives, "test 1", doubt if one.key in answers else "")
        )
    return tuple(found)


def _measurements(layout: Layout, page: int, answers: Answers) -> tuple[Measurement, ...]:
    found = []
    for one in layout.fields_on_page(page):
        value, _ = answers.get(one.key, (None, SURE))
        texts: tuple[TextSeen, ...] = ()
        if isinstance(value, str) and one.kind in (Kind.DIGITS, Kind.TEXT, Kind.LINES, Kind.DATE):
            plain = value.replace("-", "") if one.kind is Kind.DATE else value
            scores = [0.55 if n == 1 else 0.98 for n in range(len(plain))]
            characters = tuple(Character(c, s) for c, s in zip(plain, scores, strict=True))
            texts = (TextSeen("test 1", plain, characters),)
        found.append(Measurement(one.key, 0.1 if value else 0.0, texts=texts))
    return tuple(found)


# --- paper ---------------------------------------------------------------------------------------


def scanned_page(town: Town, page: int, answers: Answers) -> tuple[np.ndarray, Registration]:
    """The printed page with its answers in pen, turned by a degree, and where its millimetres lie."""
    blank = _printed(town.layout.digest, town, page).copy()
    for one in town.layout.fields_on_page(page):
        if one.key in answers:
            _write(blank, town.layout, page, one.key, answers[one.key][0])
    to_px = np.array([[PX_PER_MM, 0, -0.5], [0, PX_PER_MM, -0.5], [0, 0, 1.0]])
    turn = np.vstack([cv2.getRotationMatrix2D((800, 1100), 0.8, 1.0), [0, 0, 1]])
    turned = cv2.warpPerspective(blank, turn, blank.shape[::-1], borderValue=255, flags=cv2.INTER_AREA)
    matrix = turn @ to_px
    return turned, Registration(tuple(float(v) for v in matrix.ravel()), 0.03, "markers:4")


_PAGES: dict[tuple[str, int], np.ndarray] = {}


def _printed(digest: str, town: Town, page: int) -> np.ndarray:
    if (digest, page) not in _PAGES:
        serial = town.serials[0][page - 1]
        code = town.office.key.encode(Identity(serial, town.layout.form.id, page))
        path = town.office.originals.parent / "print.pdf"
        facts = {"head": "王小一", "village": "塘口村", "group": "1", "household_code": "H000"}
        write_pdf(path, [SheetPrint(town.layout, page, town.layout.pages, serial, code, facts)])
        with pypdfium2.PdfDocument(path) as document:
            _PAGES[digest, page] = (
                document[0].render(scale=200 / 72, grayscale=True).to_numpy().reshape(2339, -1)
            )
    return _PAGES[digest, page]


def _write(picture: np.ndarray, layout: Layout, page: int, key: str, value: Value) -> None:
    boxes = [box for box in layout.of_field(key) if box.page == page]
    chosen = value if isinstance(value, list) else [value]
    digits = str(value or "").replace("-", "")
    for box in boxes:
        x, y, w, h = (round(side * PX_PER_MM) for side in (box.x, box.y, box.w, box.h))
        if box.option in chosen and box.option is not None:
            stroke = np.array([[x, y + h // 2], [x + w // 3, y + h], [x + w + 12, y - 10]])
            cv2.polylines(picture, [stroke], False, 30, 4, cv2.LINE_AA)
        elif box.cell is not None and box.cell < len(digits):
            cv2.putText(picture, digits[box.cell], (x + 10, y + h - 10), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 30, 3)
        elif box.option is None and box.cell is None and value:
            cv2.putText(
                picture, "zhou jian", (x + 6, y + h - 16), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 1.2, 30, 2
            )
