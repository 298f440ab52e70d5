"""Reading pens: what is accepted, what of that is wrong, and how long it takes, by kind of field.

    python benchmarks/reading.py [--pages 60] [--preset office] [--seed 1] [--jobs 1]

Prints each side of the forms, has it filled in by simulated people (another one on each page) and
scanned, and reads it. A wrong rate comes with its 95 % interval (Clopper-Pearson). Fields of which
people, too, would conclude different things are counted apart. Times are CPU milliseconds per page.

`--keep FILE` stores measurements with their truth, and `--kept FILE` judges stored ones again: for
work on the judging, where nothing needs to be looked at twice.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pypdfium2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from campaign.config import Acceptance
from campaign.judge import is_sure
from forms import Field, Form, Kind, Value, load_catalogue
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest.confidence import same_answer
from ingest.decide import decide
from ingest.measure import measure_page
from ingest.model import Measurement, PrintedLayout, Reading, Shelf
from ingest.page import Sheet, find_sheet
from ingest.serials import read_serial
from layouts import Identity, Key, place
from samples import names
from samples.answers import Circumstances, answer
from samples.filling import PageTruth, Scribes, fill
from samples.hands import Hand, RealDigits
from samples.pens import Paper
from samples.picture import Image
from samples.scanner import PRESETS, Recipe, scan
from samples.unclear import unclear

ACCEPTANCE = Acceptance()
DAYS = (date(2017, 3, 1), date(2017, 6, 30))
"""The campaign, known to the reader; visits take place in its first two months."""
HELD_OUT_FACES = ("smiley", "klee")
"""Fonts of clerks to whose pages confidence is not fitted."""
PEOPLE = 200
"""Names in the word list of companions."""


@dataclass(frozen=True)
class Seen:
    """One page as read: its truth, what was measured, and what it took. `found` is False when the page
    could not be identified or put straight; `face` is the font that the clerk's characters come from;
    `befell` names the colours of the scan and what was done to the page."""

    form: Form
    number: int
    truth: PageTruth
    found: bool
    measurements: tuple[Measurement, ...] = ()
    milliseconds: Mapping[str, float] | None = None
    face: str = ""
    befell: tuple[str, ...] = ()


@dataclass(frozen=True)
class Press:
    """What is printed: one serial per side, and its PDF."""

    shelf: Shelf
    pages: tuple[tuple[str, str, int, int], ...]  # serial, form, page, page in the form's file
    files: Mapping[str, bytes]

    def picture(self, number: int, dpi: int) -> Image:
        """A fresh copy of one side in RGB."""
        _, form, _, sheet = self.pages[number]
        return _rendered(self.files[form], sheet, dpi).copy()


@cache
def press(forms: tuple[str, ...]) -> Press:
    """Forms as the catalogue has them, printed once per process; all that are read when none is named.

    Serials do not hang on chance: what the codes look like moves what is measured by a trifle.
    """
    with tempfile.TemporaryDirectory() as folder:
        key, below = Key(bytes(32)), Random(0).randrange
        shelves, sheets, pages, files = {}, {}, [], {}
        for form in _wanted(forms):
            layout = place(form)
            blanks = [cv2.imdecode(np.frombuffer(png, np.uint8), 0) for png in blank_pages(layout)]
            shelves[layout.digest] = PrintedLayout(layout, tuple(blanks))
            items = []
            for page in range(1, layout.pages + 1):
                serial = key.new_serial(below)
                sheets[serial] = (layout.digest, page)
                facts = {f.key: "王小明" for f in layout.fields_on_page(page) if f.kind is Kind.PREFILL}
                code = key.encode(Identity(serial, form.id, page))
                items.append(SheetPrint(layout, page, layout.pages, serial, code, facts))
            entries = write_pdf(Path(folder) / "form.pdf", items)
            pages += [
                (entry.serial, form.id, entry.form_page, entry.page) for entry in entries if entry.serial
            ]
            files[form.id] = (Path(folder) / "form.pdf").read_bytes()
    return Press(Shelf(key, shelves, sheets, vocabularies()), tuple(pages), files)


def _wanted(forms: tuple[str, ...]) -> list[Form]:
    """The forms with something to fill in."""
    known = [form for form in load_catalogue() if form.kind == "sheet" and any(form.asked())]
    return [form for form in known if not forms or form.id in forms]


@cache
def vocabularies() -> Mapping[str, tuple[str, ...]]:
    rng = np.random.default_rng(99)
    return {"cadre_names": tuple(sorted({names.person(rng) for _ in range(PEOPLE)}))}


@cache
def _rendered(pdf: bytes, sheet: int, dpi: int) -> Image:
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[sheet - 1].render(scale=dpi / 72).to_numpy()
    return np.ascontiguousarray(picture[:, :, 2::-1])


# --- one page -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """Page number `n` of a run. `digits`: NPZ of real digits, with which half of the people write."""

    n: int
    seed: int
    preset: str
    digits: str | None
    careless: float
    forms: tuple[str, ...]


def see(job: Job) -> Seen:
    """A page filled in, scanned, found and measured."""
    cv2.setNumThreads(1)
    form, page, truth, pixels = picture(job)
    seen = _read(form, page, truth, pixels, press(job.forms).shelf, scribes(job).clerk.faces[0].name)
    recipe = _recipe(job, _chance(job))
    return replace(seen, befell=(recipe.colour, *dict.fromkeys(name for name, _ in recipe.steps)))


def _chance(job: Job) -> np.random.Generator:
    return np.random.default_rng((job.seed, job.n))


def _recipe(job: Job, rng: np.random.Generator) -> Recipe:
    return PRESETS[job.preset](rng, None, None)


def scribes(job: Job) -> Scribes:
    """Who fills in this page: other people on each."""
    return Scribes(*(Hand.of(f"{who} {job.n}", job.seed) for who in ("clerk", "subject")))


def picture(job: Job) -> tuple[Form, int, PageTruth, Image]:
    """A page filled in and scanned, with what it says."""
    printed, rng = press(job.forms), _chance(job)
    number = job.n % len(printed.pages)
    serial, _, page, _ = printed.pages[number]
    layout = printed.shelf.layouts[printed.shelf.sheets[serial][0]].layout
    recipe = _recipe(job, rng)
    paper = Paper(printed.picture(number, recipe.dpi), recipe.dpi / 25.4)
    answers = answer(layout.form, rng, Circumstances(vocabularies=vocabularies()))
    real = _real_digits(job.digits) if job.digits and rng.random() < 0.5 else None
    truth = fill(paper, layout, page, answers, scribes(job), rng, job.careless, real)
    truth = replace(truth, ambiguous=unclear(truth, layout, page, recipe, rng))
    pixels = scan(paper.pixels, recipe, rng)
    if recipe.colour != "black":
        quality = [cv2.IMWRITE_JPEG_QUALITY, recipe.quality]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_UNCHANGED)
    return layout.form, page, truth, pixels


@cache
def _real_digits(path: str) -> RealDigits:
    """Digits whose writers the digit model has not seen (`training.train_digits.HELD_OUT_BLOCKS`)."""
    with np.load(path) as data:
        rows = np.r_[2000:2350, 4600:5000]
        images, labels = data["images"][rows], data["labels"][rows]
    return RealDigits({str(digit): images[labels == digit] for digit in range(10)})


def _read(form: Form, page: int, truth: PageTruth, pixels: Image, shelf: Shelf, face: str) -> Seen:
    started = time.process_time()
    found = find_sheet(pixels, shelf, read_serial)
    located = time.process_time()
    if not isinstance(found, Sheet):
        return Seen(form, page, truth, False, face=face)
    measured = measure_page(found.registered, found.printed, page, shelf.vocabularies)
    done = time.process_time()
    took = {"find": 1000 * (located - started), "measure": 1000 * (done - located)}
    return Seen(form, page, truth, True, measured, took, face)


# --- what came of it ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """One field: what it says, and what was read."""

    kind: str
    truth: Value
    how: str
    ambiguous: bool
    reading: Reading
    accepted: bool

    @property
    def right(self) -> bool:
        return same_answer(self.truth, self.reading.value)


def answers_of(seen: Seen) -> Iterator[Answer]:
    fields = {field.key: field for field in seen.form.asked()}
    for reading in decide(seen.form, seen.measurements, vocabularies(), days=DAYS):
        field = fields[reading.field]
        truth = seen.truth.fields[reading.field]
        accepted = is_sure(reading.confidence, reading.doubt, ACCEPTANCE.threshold(field.kind))
        ambiguous = reading.field in seen.truth.ambiguous
        how = seen.truth.how.get(reading.field, "")
        yield Answer(_kind(field, truth), truth, how, ambiguous, reading, accepted)


def _kind(field: Field, truth: Value) -> str:
    if field.kind in (Kind.SINGLE, Kind.MULTIPLE):
        return "checkbox"
    if field.kind in (Kind.TEXT, Kind.LINES) and truth is None:
        return f"{field.kind} (blank)"
    return "text (list)" if field.vocabulary else str(field.kind)


def report(pages: Sequence[Seen]) -> None:
    found = [seen for seen in pages if seen.found]
    rows: dict[str, list[Answer]] = defaultdict(list)
    started = time.process_time()
    for seen in found:
        for one in answers_of(seen):
            rows[one.kind].append(one)
    judged = 1000 * (time.process_time() - started) / max(len(found), 1)
    print(f"{len(pages)} pages, {len(pages) - len(found)} not found or not put straight")
    print(f"{'field':<16}{'n':>7}{'accepted':>10}{'wrong':>7}{'per 10,000 accepted (95 %)':>30}", end="")
    print(f"{'right unasked':>15}{'ambiguous':>11}{'accepted':>10}")
    for kind, answers in sorted(rows.items()):
        print(_row(kind, answers))
    times = [seen.milliseconds for seen in found if seen.milliseconds]
    if times:
        find, measure = (float(np.mean([t[name] for t in times])) for name in ("find", "measure"))
        print(f"ms per page: find {find:.1f}, measure {measure:.1f}, decide {judged:.1f}", end="; ")
        print(f"{1000 / (find + measure + judged):.1f} pages/s on one core, decoding not counted")


def _row(kind: str, answers: Sequence[Answer]) -> str:
    plain = [one for one in answers if not one.ambiguous]
    accepted = [one for one in plain if one.accepted]
    wrong = sum(not one.right for one in accepted)
    low, high = interval(wrong, len(accepted))
    rate = 1e4 * wrong / max(len(accepted), 1)
    right = sum(one.right for one in plain) / max(len(plain), 1)
    unclear = [one for one in answers if one.ambiguous]
    taken = sum(one.accepted for one in unclear)
    return (
        f"{kind:<16}{len(plain):>7}{len(accepted) / max(len(plain), 1):>10.1%}{wrong:>7}"
        f"{f'{rate:.1f} ({1e4 * low:.1f}–{1e4 * high:.1f})':>30}{right:>15.1%}{len(unclear):>11}{taken:>10}"
    )


def interval(wrong: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson by bisection of the binomial's tails."""
    if of == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if wrong == 0 else _bisect(lambda p: 1 - _at_most(wrong - 1, of, p) < tail)
    high = 1.0 if wrong == of else _bisect(lambda p: _at_most(wrong, of, p) > tail)
    return low, high


def _bisect(below) -> float:  # type: ignore[no-untyped-def]
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return low


def _at_most(k: int, n: int, p: float) -> float:
    """P(X ≤ k) of a binomial."""
    if p <= 0 or p >= 1:
        return float(p <= 0 or k >= n)
    terms = np.arange(1, k + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log((n - terms + 1) / terms))])
    exponents = logs + np.arange(k + 1) * np.log(p) + (n - np.arange(k + 1)) * np.log1p(-p)
    return float(min(1.0, np.exp(exponents).sum()))


def mistakes(pages: Iterable[Seen], kinds: Sequence[str], everything: bool) -> None:
    """Accepted and wrong fields one by one; with `everything` also wrong ones that went to review."""
    for n, seen in enumerate(pages):
        if not seen.found:
            continue
        for one in answers_of(seen):
            listed = not one.right and (one.accepted or everything) and not one.ambiguous
            if listed and (not kinds or one.kind in kinds):
                reading = one.reading
                print(
                    f"page {n} {one.kind} {reading.field} [{one.how}] wrote {one.truth!r}, read"
                    f" {reading.value!r} ({reading.confidence:.4f}) {reading.doubt}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="office")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--digits", help="digits-28px.npz: half of the people write with real digits")
    parser.add_argument("--careless", type=float, default=0.02, help="share of fields against instructions")
    parser.add_argument("--forms", nargs="*", default=[], help="form ids; all when none is named")
    parser.add_argument("--mistakes", nargs="*", metavar="KIND", help="list accepted fields that are wrong")
    parser.add_argument("--all-mistakes", action="store_true", help="list those that went to review, too")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--kept", type=Path, nargs="+")
    options = parser.parse_args()
    if options.kept:
        pages = [seen for path in options.kept for seen in pickle.loads(path.read_bytes())]
    else:
        how = (options.seed, options.preset, options.digits, options.careless, tuple(options.forms))
        jobs = [Job(n, *how) for n in range(options.pages)]
        if options.jobs > 1:
            with ProcessPoolExecutor(options.jobs) as pool:
                pages = list(pool.map(see, jobs, chunksize=4))
        else:
            pages = [see(job) for job in jobs]
    if options.keep:
        options.keep.write_bytes(pickle.dumps(pages))
    report(pages)
    if options.mistakes is not None:
        mistakes(pages, options.mistakes, options.all_mistakes)


if __name__ == "__main__":
    # By its full name, so that what `--keep` stores can be loaded by others.
    from benchmarks import reading

    reading.main()
