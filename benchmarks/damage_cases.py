"""The table of damage cases (`samples.cases`): each on every side of two forms, filled in and read.

    python -m benchmarks.damage_cases [--only TEXT] [--seed 1] [--show FOLDER]

Registration errors are distances between where a box is and where the reader looked for it, its field's
own alignment included. Fields on which people, too, would disagree are left out. `--show` keeps the
pages with what was seen drawn on them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from benchmarks.damage import Points, Shot
from benchmarks.document import Run, table
from benchmarks.finding import NEAR_MM, boxes_there, decoding, errors, quantiles, share_near
from benchmarks.reading import Seen, answers_of, press, vocabularies
from ingest import thresholds
from ingest.decide import decide
from ingest.measure import measure_page
from ingest.model import Measurement, PageResult, PageState
from ingest.overlay import draw_overlay
from ingest.page import Sheet, find_sheet
from ingest.serials import read_serial
from layouts import Layout
from samples.answers import Circumstances, answer
from samples.cases import CASES
from samples.filling import PageTruth, Scribes, fill
from samples.hands import Hand
from samples.pens import Paper
from samples.picture import Image
from samples.scanner import Recipe, scan, trace
from samples.unclear import unclear

FORMS = ("2-2", "2-5")
"""A dense form and a light one, two sides each."""
CARELESSNESS = 0.02
_HEADING = (
    "case",
    "identified",
    "wrong",
    "field mm p50",
    "p95",
    "max",
    f"< {NEAR_MM} mm",
    "astray, trusted",
    "fields right",
    "to review",
    "wrong",
    "find ms",
    "× JPEG",
    "read ms",
)


@dataclass(frozen=True)
class Outcome:
    """One page of one case. `identified`: as itself; `wrong`: as another sheet; times in CPU ms.

    errors   of the boxes on the picture, mm
    astray   boxes that are further off than `NEAR_MM` though their field's residual does not say so
    fields   accepted and right, not accepted, accepted and wrong
    """

    identified: bool
    wrong: bool
    decode: float
    find: float
    read: float = 0.0
    errors: tuple[float, ...] = ()
    astray: int = 0
    fields: tuple[int, int, int] = (0, 0, 0)


def outcome(recipe: Recipe, number: int, seed: int, show: Path | None = None) -> Outcome:
    """Side `number` of `FORMS`, filled in, scanned by `recipe` and read."""
    shelf, serial = press(FORMS).shelf, press(FORMS).pages[number][0]
    truth, shot = _shot(number, recipe, seed)
    started = time.process_time()
    found = find_sheet(shot.image, shelf, read_serial)
    located = time.process_time()
    seen = found.identity.serial if isinstance(found, Sheet) else found.serial
    identified, wrong = seen == serial, seen not in (None, serial)
    decode, find = decoding(shot.image), 1000 * (located - started)
    if not isinstance(found, Sheet):
        return Outcome(identified, wrong, decode, find)
    measured = measure_page(found.registered, found.printed, shot.page, vocabularies())
    read = 1000 * (time.process_time() - located)
    if show is not None:
        _draw(show, found, shot, measured)
    off, astray = _off(found, shot, measured)
    fields = _judged(Seen(shot.layout.form, shot.page, truth, True, measured))
    return Outcome(identified, wrong, decode, find, read, off, astray, fields)


def _shot(number: int, recipe: Recipe, seed: int) -> tuple[PageTruth, Shot]:
    layout, page, pixels, truth = _filled(number, recipe.dpi, seed)
    height, width = pixels.shape[:2]
    scale = np.array((width / layout.frame.width, height / layout.frame.height))
    back = None
    if any(name == "bleed_through" for name, _ in recipe.steps):
        back = _filled(number ^ 1, recipe.dpi, seed)[2]
    rng = np.random.default_rng((seed, number))
    truth = replace(truth, ambiguous=unclear(truth, layout, page, recipe, rng))
    scanned = scan(pixels, recipe, rng, back)
    if recipe.colour != "black":
        quality = [cv2.IMWRITE_JPEG_QUALITY, recipe.quality]
        scanned = cv2.imdecode(cv2.imencode(".jpg", scanned, quality)[1], cv2.IMREAD_UNCHANGED)

    def where(mm: Points) -> Points:
        rng = np.random.default_rng((seed, number))
        return trace(mm * scale - 0.5, (height, width), recipe, rng)

    return truth, Shot(scanned, where, recipe.dpi, layout, page)


def _filled(number: int, dpi: int, seed: int) -> tuple[Layout, int, Image, PageTruth]:
    """A side with its ink, by a person of its own. The sides of a form follow each other, front first."""
    printed = press(FORMS)
    serial, _, page, _ = printed.pages[number]
    layout = printed.shelf.layouts[printed.shelf.sheets[serial][0]].layout
    rng = np.random.default_rng((seed, number))
    paper = Paper(printed.picture(number, dpi), dpi / 25.4)
    scribes = Scribes(*(Hand.of(f"{who} {seed} {number}", 0) for who in ("clerk", "subject")))
    answers = answer(layout.form, rng, Circumstances(vocabularies=vocabularies()))
    return layout, page, paper.pixels, fill(paper, layout, page, answers, scribes, rng, CARELESSNESS)


def _off(sheet: Sheet, shot: Shot, measured: Sequence[Measurement]) -> tuple[tuple[float, ...], int]:
    seen = {one.field: one for one in measured}
    boxes = [box for box in boxes_there(shot) if box.field in seen]
    if not boxes:
        return (), 0
    off = errors(sheet, shot, boxes, {key: one.shift_mm for key, one in seen.items()})
    astray = sum(
        error >= NEAR_MM and seen[box.field].residual_mm <= thresholds.RESIDUAL_MM
        for box, error in zip(boxes, off, strict=True)
    )
    return tuple(off), astray


def _judged(seen: Seen) -> tuple[int, int, int]:
    plain = [one for one in answers_of(seen) if not one.ambiguous]
    accepted = [one for one in plain if one.accepted]
    right = sum(one.right for one in accepted)
    return right, len(plain) - len(accepted), len(accepted) - right


def _draw(path: Path, sheet: Sheet, shot: Shot, measured: tuple[Measurement, ...]) -> None:
    form, page = sheet.printed.layout.form, sheet.identity.page
    result = PageResult(
        PageState.READ,
        sheet.identity.serial,
        form.id,
        page,
        sheet.turned,
        sheet.registered.registration,
        measured,
        decide(form, measured, vocabularies()),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(draw_overlay(shot.image, result, sheet.printed.layout)).save(path)


# --- what came of it ------------------------------------------------------------------------------


def outcomes(cases: Mapping[str, Recipe], seed: int, show: Path | None = None) -> dict[str, list[Outcome]]:
    """By case, as it gets done."""
    sides = range(len(press(FORMS).pages))
    for n in sides:  # caches, models
        outcome(CASES["clean 200 dpi"], n, seed)
    found = {}
    for name, recipe in cases.items():
        paths = [show / f"{name} {n}.jpg" if show else None for n in sides]
        found[name] = [outcome(recipe, n, seed, path) for n, path in zip(sides, paths, strict=True)]
        print(f"{name:28}", *(f"{cell:>8}" for cell in _row(found[name])), file=sys.stderr, flush=True)
    return found


def _row(pages: Sequence[Outcome]) -> list[str]:
    off = [error for page in pages for error in page.errors]
    right, review, wrong = (sum(page.fields[n] for page in pages) for n in range(3))
    find, decode = (float(np.median([getattr(page, n) for page in pages])) for n in ("find", "decode"))
    return [
        f"{sum(page.identified for page in pages)}/{len(pages)}",
        str(sum(page.wrong for page in pages)),
        *quantiles(off, (0.5, 0.95, 1.0)),
        share_near(off),
        str(sum(page.astray for page in pages)),
        *(str(n) for n in (right, review, wrong)),
        f"{find:.0f}",
        f"{find / decode:.1f}",
        f"{np.median([page.read for page in pages]):.0f}",
    ]


def report(run: Run) -> str:
    """Every case, as a table in Markdown."""
    found = outcomes(CASES, run.seed)
    pages = [page for case in found.values() for page in case]
    fields = np.sum([page.fields for page in pages], axis=0)
    return (
        f"{len(found)} cases of `samples/cases.py`, each on the {len(press(FORMS).pages)} sides of forms"
        f" {' and '.join(FORMS)}, filled in by another person each time. {sum(p.identified for p in pages)}"
        f" of {len(pages)} pages were identified, {sum(p.wrong for p in pages)} wrongly; of {fields.sum():,}"
        f" fields {fields[0]:,} were accepted and right, {fields[1]:,} went to review,"
        f" {fields[2]:,} were accepted and wrong. A box counts as astray and trusted when it was looked for"
        f" {NEAR_MM} mm or more from its place and its field's residual did not say so. Times are CPU"
        " medians on one thread.\n\n"
    ) + table(_HEADING, ((name, *_row(case)) for name, case in found.items()))


def _chosen(only: str) -> Iterable[tuple[str, Recipe]]:
    return ((name, recipe) for name, recipe in CASES.items() if only in name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    found = outcomes(dict(_chosen(options.only)), options.seed, options.show)
    print(table(_HEADING, ((name, *_row(case)) for name, case in found.items())))


if __name__ == "__main__":
    main()
