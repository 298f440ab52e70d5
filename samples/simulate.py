"""Printed packets come back: filled in, shuffled, and scanned into files, with the truth beside them.

    printed PDFs ── draw the page ── write on it ── scan it ── files/*.pdf, .tif, .jpg, …
                                                            └─ truth.json   what each sheet says
                                                            └─ pages.json   what each page of each file is

Everything follows from the seed: the same packets and the same seed give the same bytes. Serials are
random, so chance hangs on a sheet's place in the packets, never on its serial.
"""

from __future__ import annotations

import atexit
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
from numpy.random import Generator

from forms.model import Value
from layouts.model import Layout
from samples import names
from samples.answers import Circumstances, answer
from samples.damage import grey_of
from samples.files import KINDS, Scanned
from samples.filling import PageTruth, Scribes, fill
from samples.hands import Hand, RealDigits
from samples.pens import Paper
from samples.picture import Image
from samples.scanner import PRESETS, Recipe, scan
from samples.strangers import STRANGERS
from samples.unclear import unclear


@dataclass(frozen=True)
class Side:
    """A printed sheet as it is to be filled in: `page` of `layout`, one side of the form `instance`.

    clerk  who fills it in: sides with one clerk have one hand, and come back together; by default the
           cadre of the manifest, and for sealed and anonymous sides the person who was asked
    """

    instance: str
    layout: Layout
    page: int
    clerk: str = ""


@dataclass(frozen=True)
class Mishaps:
    """Shares of sheets, instances or pages."""

    missing: float = 0.02  # instances that never come back
    lost: float = 0.01  # single sides of the others
    twice: float = 0.01  # sheets scanned a second time
    refilled: float = 0.003  # sheets copied before use and filled in twice, differently
    blank_backs: float = 0.03
    strangers: float = 0.01
    photographed: float = 0.04  # sheets that come as a picture from a phone
    worn: float = 0.05  # stacks from an old copier
    paired: float = 0.005  # pages that lie beside the next one on a large glass


NOTHING_GOES_WRONG = Mishaps(0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Returned:
    """What came back: `files` in `out`, and how many pages and sheets are in them."""

    files: tuple[Path, ...]
    pages: int
    sheets: int
    truth: Path


def simulate_return(
    printed: Path,
    sides: Mapping[str, Side],
    out: Path,
    seed: int,
    *,
    answers: Mapping[str, Mapping[str, Value]] | None = None,
    circumstances: Circumstances | None = None,
    carelessness: float = 0.02,
    mishaps: Mishaps | None = None,
    preset: str = "office",
    dpi: int | None = None,
    jobs: int = 2,
    real_digits: Path | None = None,
) -> Returned:
    """Fills in every sheet of `printed/manifest.json` that `sides` (by serial) names, and scans it.

    answers      instance → its answers; those that are not given are made up
    preset       `samples.scanner.PRESETS` for the stacks; `dpi` for all of them
    carelessness share of fields in which people do not follow the instructions
    real_digits  an NPZ of photographed digits to write numbers with

    Raises OSError, ValueError when the manifest is not one, and NoFacesError without handwriting fonts.
    """
    plan = _plan(printed, sides, seed, answers or {}, circumstances or Circumstances(), mishaps or Mishaps())
    stacks = _stacks(plan, preset, dpi)
    out.mkdir(parents=True, exist_ok=True)
    desk = _Desk(
        printed, {s.layout.digest: s.layout for s in sides.values()}, carelessness, seed, real_digits
    )
    written = _write_all(stacks, out, desk, jobs)
    truth = _write_truth(out, written)
    return Returned(
        files=tuple(out / stack.name for stack in stacks),
        pages=sum(stack.pages for stack in stacks),
        sheets=len(truth),
        truth=out / "truth.json",
    )


# --- planning ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sheet:
    """One side that is filled in. `version` 2 is a copy filled in a second time; `asked` stands for the
    person who is asked, by the place of the form's first side."""

    serial: str
    file: str
    number: int  # in the file, from 1
    form: str
    digest: str
    page: int
    instance: str
    asked: str
    clerk: str
    bundle: str
    answers: Mapping[str, Value]
    version: int = 1


@dataclass(frozen=True)
class _Page:
    """A page of a file to be: a sheet, or a stranger by its kind. `back`: what shows through it."""

    sheet: _Sheet | None = None
    back: _Sheet | None = None
    stranger: str = ""
    copy: int = 0  # 0 for the first time that the sheet is scanned


_Picture = tuple[_Page, ...]
"""What is scanned at once: a page, or two side by side."""


@dataclass(frozen=True)
class _Stack:
    """A scan file to be."""

    name: str
    kind: str
    preset: str
    dpi: int | None
    colour: str | None
    pictures: tuple[_Picture, ...]

    @property
    def pages(self) -> int:
        return sum(len(picture) for picture in self.pictures)


@dataclass(frozen=True)
class _Plan:
    bundles: Sequence[Sequence[_Page]]
    photographs: Sequence[_Page]
    mishaps: Mishaps
    rng: Generator


def _plan(
    printed: Path,
    sides: Mapping[str, Side],
    seed: int,
    answers: Mapping[str, Mapping[str, Value]],
    circumstances: Circumstances,
    mishaps: Mishaps,
) -> _Plan:
    """Who comes back, in which bundle, and what on a phone."""
    rng = np.random.default_rng([seed, 1])

    def answered(side: Side, asked: str) -> Mapping[str, Value]:
        if side.instance in answers:
            return answers[side.instance]
        mood = np.random.default_rng([seed, *asked.encode()])
        return answer(side.layout.form, mood, circumstances)

    sheets = _sheets(printed, sides, answered)
    instances = dict.fromkeys(sheet.instance for sheet in sheets)
    gone = {instance for instance in instances if rng.random() < mishaps.missing}
    here = [s for s in sheets if s.instance not in gone and rng.random() >= mishaps.lost]

    bundles: dict[str, list[_Page]] = defaultdict(list)
    photographs: list[_Page] = []
    at = {(sheet.instance, sheet.page): sheet for sheet in sheets}
    for sheet in here:
        back = at.get((sheet.instance, sheet.page + (1 if sheet.page % 2 else -1)))
        page = _Page(sheet, back if back and back.clerk == sheet.clerk else None)
        if rng.random() < mishaps.photographed:
            photographs.append(page)
            continue
        bundles[sheet.bundle].append(page)
        if rng.random() < mishaps.twice:
            bundles[sheet.bundle].append(replace(page, copy=1))
        if rng.random() < mishaps.refilled:
            form = sides[sheet.serial].layout.form
            again = replace(sheet, version=2, answers=answer(form, rng, circumstances))
            bundles[sheet.bundle].append(_Page(again, copy=1))
    return _Plan([_shuffled(bundles[name], rng) for name in sorted(bundles)], photographs, mishaps, rng)


def _sheets(
    printed: Path, sides: Mapping[str, Side], answered: Callable[[Side, str], Mapping[str, Value]]
) -> list[_Sheet]:
    """The printed sheets that are to be filled in, in printed order; `answered` has what a form and
    the one who is asked say. Raises ValueError, OSError."""
    manifest = json.loads((printed / "manifest.json").read_text("utf-8"))
    sheets: list[_Sheet] = []
    asked: dict[str, str] = {}
    told: dict[str, Mapping[str, Value]] = {}
    for entry in manifest["pages"]:
        side = sides.get(entry["serial"] or "")
        if side is None:
            continue
        if side.instance not in asked:
            asked[side.instance] = f"{entry['file']} {entry['page']}"
            told[side.instance] = answered(side, asked[side.instance])
        apart = (*side.layout.anonymous_pages, *side.layout.sealed_pages)
        alone = side.layout.form.anonymous or side.page in apart or not entry["cadre"]
        clerk = side.clerk or (f"asked {asked[side.instance]}" if alone else str(entry["cadre"]))
        sheets.append(
            _Sheet(
                serial=entry["serial"],
                file=entry["file"],
                number=entry["page"],
                form=entry["form"],
                digest=side.layout.digest,
                page=side.page,
                instance=side.instance,
                asked=asked[side.instance],
                clerk=clerk,
                bundle="in envelopes" if alone and not side.clerk else clerk,
                answers=told[side.instance],
            )
        )
    return sheets


def _shuffled(pages: list[_Page], rng: Generator) -> list[_Page]:
    """A bundle as it comes back: mostly in order, one in five dropped on the floor."""
    if rng.random() < 0.2:
        return [pages[n] for n in rng.permutation(len(pages))]
    order = np.argsort(np.arange(len(pages)) + rng.normal(0, 0.8, len(pages)))
    return [pages[n] for n in order]


def _stacks(plan: _Plan, preset: str, dpi: int | None) -> list[_Stack]:
    """Bundles one after the other through the feeder, cut into files; each photograph by itself."""
    rng = plan.rng
    queue: list[_Page] = []
    for n in rng.permutation(len(plan.bundles)):
        if plan.mishaps.strangers and rng.random() < 0.12:
            queue.append(_Page(stranger="separator"))
        for page in plan.bundles[n]:
            queue.append(page)
            queue += _uninvited(plan, rng)
    stacks: list[_Stack] = []
    while queue:
        kind = str(rng.choice(["pdf", "fax", "lzw", "png"], p=[0.72, 0.13, 0.1, 0.05]))
        taken = int(rng.integers((KINDS[kind].most + 1) // 2, KINDS[kind].most + 1))
        source = "worn" if preset == "office" and rng.random() < plan.mishaps.worn else preset
        name = f"{_STEMS[kind]}{len(stacks) + 1:03d}{KINDS[kind].suffix}"
        recipe = PRESETS[source](rng, dpi, "black" if KINDS[kind].black else None)
        colour = (
            "grey" if not KINDS[kind].black and recipe.colour == "black" and kind != "pdf" else recipe.colour
        )
        pictures = tuple(_on_glass(queue[:taken], plan))
        stacks.append(_Stack(name, kind, source, recipe.dpi, colour, pictures))
        queue = queue[taken:]
    for n, page in enumerate(plan.photographs, 1):
        kind = "heic" if n % 10 == 0 else "jpeg"
        stacks.append(_Stack(f"IMG_{n:04d}{KINDS[kind].suffix}", kind, "phone", dpi, None, ((page,),)))
    return stacks


def _on_glass(pages: Sequence[_Page], plan: _Plan) -> Iterator[_Picture]:
    """The pages one by one, now and then two at once."""
    waiting = list(pages)
    while waiting:
        count = 2 if plan.rng.random() < plan.mishaps.paired else 1
        yield tuple(waiting[:count])
        waiting = waiting[count:]


_STEMS = {"pdf": "扫描", "fax": "fax", "lzw": "scan", "png": "页面"}


def _uninvited(plan: _Plan, rng: Generator) -> list[_Page]:
    """What lies behind a sheet without having been asked for."""
    found = []
    if rng.random() < plan.mishaps.blank_backs:
        found.append(_Page(stranger="blank"))
    if rng.random() < plan.mishaps.strangers:
        found.append(_Page(stranger=names.pick(("letter", "card copy", "other form"), rng)))
    return found


# --- writing files, in worker processes ----------------------------------------------------------


@dataclass(frozen=True)
class _Desk:
    """What every worker has at hand."""

    printed: Path
    layouts: Mapping[str, Layout]
    carelessness: float
    seed: int
    real_digits: Path | None
    digits: RealDigits | None = field(default=None, compare=False)


@dataclass(frozen=True)
class _Written:
    """A page of a finished file."""

    file: str
    number: int
    page: _Page
    recipe: Recipe
    truth: PageTruth | None
    hand: Hand | None


_desk: _Desk | None = None
"""Of this worker process; set once, by its initializer."""


def _write_all(stacks: Sequence[_Stack], out: Path, desk: _Desk, jobs: int) -> list[_Written]:
    """The largest files first, so that the workers end together."""
    order = sorted(range(len(stacks)), key=lambda n: -stacks[n].pages)
    if jobs <= 1:
        _sit_down(desk)
        done = {n: _write_stack(stacks[n], out) for n in order}
    else:
        with ProcessPoolExecutor(jobs, initializer=_sit_down, initargs=(desk,)) as pool:
            futures = {n: pool.submit(_write_stack, stacks[n], out) for n in order}
            done = {n: future.result() for n, future in futures.items()}
    return [written for n in sorted(done) for written in done[n]]


def _sit_down(desk: _Desk) -> None:
    global _desk
    cv2.setNumThreads(1)
    digits = RealDigits.load(desk.real_digits) if desk.real_digits else None
    _desk = replace(desk, digits=digits)


def _write_stack(stack: _Stack, out: Path) -> list[_Written]:
    """One scan file."""
    assert _desk is not None
    pictures = [_scan_picture(stack, n, picture, _desk) for n, picture in enumerate(stack.pictures, 1)]
    KINDS[stack.kind].write(out / stack.name, [scanned for scanned, _ in pictures])
    return [written for _, pages in pictures for written in pages]


def _scan_picture(
    stack: _Stack, number: int, picture: _Picture, desk: _Desk
) -> tuple[Scanned, list[_Written]]:
    rng = np.random.default_rng([desk.seed, *f"{stack.name}:{number}".encode()])
    recipe = PRESETS[stack.preset](rng, stack.dpi, stack.colour)
    turn = int(rng.integers(4)) if stack.kind == "jpeg" else 0
    scans = [_scan_page(stack, number, page, recipe, rng, desk) for page in picture]
    pixels = _side_by_side([pixels for pixels, _ in scans])
    scanned = Scanned(pixels, recipe.dpi, recipe.colour == "black", recipe.quality, turn)
    return scanned, [written for _, written in scans]


def _side_by_side(pages: Sequence[Image]) -> Image:
    """On white glass, or what is beyond it."""
    height = max(len(page) for page in pages)
    rest = ((0, 0),) * (pages[0].ndim - 1)
    padded = [np.pad(page, ((0, height - len(page)), *rest), constant_values=255) for page in pages]
    return np.hstack(padded)


def _scan_page(
    stack: _Stack, number: int, page: _Page, recipe: Recipe, rng: Generator, desk: _Desk
) -> tuple[Image, _Written]:
    truth, hand = None, None
    if page.sheet is None:
        clean = STRANGERS[page.stranger](rng, recipe.dpi, recipe.colour == "colour")
    else:
        hand = Hand.of(page.sheet.clerk, desk.seed)
        clean, truth = _filled(page.sheet, recipe, hand, desk)
        layout = desk.layouts[page.sheet.digest]
        truth = replace(truth, ambiguous=unclear(truth, layout, page.sheet.page, recipe, rng))
    pixels = scan(clean, recipe, rng, _behind(page.back, recipe, desk))
    return pixels, _Written(stack.name, number, page, recipe, truth, hand)


def _behind(back: _Sheet | None, recipe: Recipe, desk: _Desk) -> Image | None:
    """The other side of a sheet where it shows through."""
    if back is None or not any(name == "bleed_through" for name, _ in recipe.steps):
        return None
    return _filled(back, recipe, Hand.of(back.clerk, desk.seed), desk)[0]


def _filled(sheet: _Sheet, recipe: Recipe, hand: Hand, desk: _Desk) -> tuple[Image, PageTruth]:
    """The sheet with its ink, before it is scanned."""
    layout = desk.layouts[sheet.digest]
    paper = Paper(
        _printed(desk.printed / sheet.file, sheet.number, recipe.dpi, recipe.colour == "colour"),
        recipe.dpi / 25.4,
    )
    who = np.random.default_rng([desk.seed, *sheet.clerk.encode()])
    scribes = Scribes(
        clerk=hand,
        subject=Hand.of(sheet.asked, desk.seed),
        clerk_name=names.person(who),
        subject_name=names.person(np.random.default_rng([desk.seed, *sheet.asked.encode()])),
        seal_name=f"常州{names.pick(names.FIRM_WORDS, who)}有限公司",
    )
    rng = np.random.default_rng([desk.seed, sheet.version, *f"{sheet.file} {sheet.number}".encode()])
    truth = fill(paper, layout, sheet.page, sheet.answers, scribes, rng, desk.carelessness, desk.digits)
    return paper.pixels, truth


def _printed(path: Path, number: int, dpi: int, colour: bool) -> Image:
    """A printed page as a picture that may be written on."""
    page = _document(path)[number - 1]
    bitmap = page.render(scale=dpi / 72, grayscale=not colour, rev_byteorder=True)
    pixels = np.array(bitmap.to_numpy())
    page.close()
    return pixels if colour else grey_of(pixels)


@lru_cache(8)
def _document(path: Path) -> pypdfium2.PdfDocument:
    document = pypdfium2.PdfDocument(path)
    atexit.register(document.close)  # what is left open is complained about at the end
    return document


# --- the truth -----------------------------------------------------------------------------------


def _write_truth(out: Path, written: Sequence[_Written]) -> dict[str, Any]:
    """truth.json by serial, and pages.json in the order of the files."""
    twofold = {w.page.sheet.serial for w in written if w.page.sheet and w.page.sheet.version == 2}
    truth: dict[str, Any] = {}
    for w in written:
        if w.page.sheet and w.truth and w.hand and w.page.copy == 0:
            truth[w.page.sheet.serial] = _told(w, w.page.sheet, w.truth, w.hand, twofold)
    _dump(out / "truth.json", dict(sorted(truth.items())))
    _dump(out / "pages.json", [_found(w) for w in written])
    return truth


def _told(w: _Written, sheet: _Sheet, truth: PageTruth, hand: Hand, twofold: set[str]) -> dict[str, Any]:
    """What one sheet says; where two copies of it say different things, nothing is certain."""
    ambiguous = {*truth.ambiguous}
    if sheet.serial in twofold:
        ambiguous |= {*truth.fields}
    return {
        "form": sheet.form,
        "page": sheet.page,
        "fields": dict(truth.fields),
        "ambiguous": sorted(ambiguous),
        "how": dict(truth.how),
        "instance": sheet.instance,
        "writer": hand.name,
        "face": hand.faces[0].name,
        "pen": hand.pen.name,
        "file": w.file,
        "page_in_file": w.number,
    }


def _found(w: _Written) -> dict[str, Any]:
    sheet = w.page.sheet
    return {
        "file": w.file,
        "page": w.number,
        "kind": ("copy" if w.page.copy else "sheet") if sheet else w.page.stranger,
        "serial": sheet.serial if sheet else None,
        "scan": asdict(w.recipe),
    }


def _dump(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
