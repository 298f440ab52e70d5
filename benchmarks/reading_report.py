"""Accuracy of reading as tables: by kind of field and how the page came back, by the clerk's hand, by how
far people kept to the instructions; and whether a confidence of 99 % means 99 %.

Written to docs/accuracy.md by `python -m benchmarks.accuracy reading`. The people of these pages, and
the fonts marked with a star, are others than those to which confidence was fitted.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

import numpy as np

from benchmarks.document import Run, table
from benchmarks.reading import ACCEPTANCE, HELD_OUT_FACES, Answer, Job, Seen, answers_of, interval, see
from benchmarks.real_marks import REAL_MARKS
from campaign.config import TargetErrors
from forms.model import Kind
from ingest.confidence import Judgement, calibration_error
from samples.filling import Mark

PAGES = {"office": 400, "worn": 150, "phone": 100}
SEEDS = 4000
"""Far from those that anything was fitted to."""
CARELESS = 0.02
_CLASSES = {
    "checkbox": "checkboxes",
    "digits": "digits and dates",
    "date": "digits and dates",
    "text": "handwriting",
    "text (list)": "handwriting",
    "lines": "handwriting",
}
_STEPS = (0.0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.01)
_CASES = ("fields", "accepted", "wrong", "wrong in 10,000 (95 %)", "to review", "right anyway")


def report(run: Run) -> str:
    """All tables, in Markdown."""
    pages = {preset: _seen(preset, run.pages(count), run.seed) for preset, count in PAGES.items()}
    answers = {preset: _answers(seen) for preset, seen in pages.items()}
    clean = answers["office"]
    everything = [one for some in answers.values() for one in some]
    return "\n\n".join(
        [
            _counts(pages),
            "### By kind of field",
            _by_kind(answers),
            "### By the clerk's handwriting",
            "Office scans. Fonts with a star were not used to fit confidence.",
            _by_face(pages["office"]),
            "### By how the field was filled in",
            "Office scans: as the form asks, corrected as it asks, and against its instructions.",
            _by_how(clean),
            "### By what befell the page",
            "Office scans. A page counts in each row that applies to it; black is black and white.",
            _by_damage(pages["office"]),
            "### Whether confidence is a probability",
            "All pages. `says` is the mean confidence of the fields in a band, `is` the share that is right;"
            " ECE is the expected calibration error.",
            _calibration(everything),
            "### What the targets allow",
            "Office scans. For each class the least confidence from which, by the confidences themselves, no"
            " more are wrong than the campaign's target (`campaign.config.TargetErrors`), and what came of"
            " it.",
            _at_targets(clean),
            "### Time",
            _times(pages),
        ]
    )


# --- reading --------------------------------------------------------------------------------------


def _seen(preset: str, count: int, seed: int) -> list[Seen]:
    digits = REAL_MARKS / "digits-28px.npz"
    real = str(digits) if digits.exists() else None
    jobs = [Job(n, SEEDS + seed, preset, real, CARELESS, ()) for n in range(count)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(see, jobs, chunksize=8))


def _answers(pages: Iterable[Seen]) -> list[Answer]:
    found = [one for seen in pages if seen.found for one in answers_of(seen)]
    return [one for one in found if not one.ambiguous]


def _counts(pages: Mapping[str, Sequence[Seen]]) -> str:
    told = ", ".join(f"{len(seen)} {preset}" for preset, seen in pages.items())
    lost = sum(not one.found for seen in pages.values() for one in seen)
    thresholds = ", ".join(
        f"{kind} {ACCEPTANCE.threshold(kind)}" for kind in Kind if ACCEPTANCE.threshold(kind)
    )
    return (
        f"Pages: {told}; {lost} of them were not put straight and count for nothing here. Each page has its"
        f" own people; {CARELESS:.0%} of the fields go against the instructions, half of the people"
        " write real digits of writers that the model has not seen. Accepted from a confidence of:"
        f" {thresholds}. Fields on which people would disagree are left out."
    )


# --- tables ---------------------------------------------------------------------------------------


def _row(answers: Sequence[Answer]) -> tuple[object, ...]:
    accepted = [one for one in answers if one.accepted]
    wrong = sum(not one.right for one in accepted)
    low, high = interval(wrong, len(accepted))
    review = [one for one in answers if not one.accepted]
    anyway = sum(one.right for one in review) / len(review) if review else 1.0
    return (
        len(answers),
        f"{len(accepted) / len(answers):.1%}",
        wrong,
        f"{1e4 * wrong / max(len(accepted), 1):.1f} ({1e4 * low:.1f}–{1e4 * high:.1f})",
        len(review),
        f"{anyway:.0%}",
    )


def _by_kind(answers: Mapping[str, Sequence[Answer]]) -> str:
    rows = []
    for preset, some in answers.items():
        groups: dict[str, list[Answer]] = defaultdict(list)
        for one in some:
            groups[one.kind].append(one)
        rows += [(f"{preset}: {kind}", *_row(mine)) for kind, mine in sorted(groups.items())]
    return table(("pages and field", *_CASES), rows)


def _by_face(pages: Sequence[Seen]) -> str:
    groups: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for seen in pages:
        for one in _answers([seen]):
            if one.kind in _CLASSES:
                face = seen.face + ("*" if seen.face in HELD_OUT_FACES else "")
                groups[face, _CLASSES[one.kind]].append(one)
    rows = [(face, kind, *_row(some)) for (face, kind), some in sorted(groups.items())]
    return table(("font", "field", *_CASES), rows)


def _by_damage(pages: Sequence[Seen]) -> str:
    groups: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for seen in pages:
        applying = {*seen.befell} - _ALWAYS
        if not applying & {"black", *_ON_PAPER}:
            applying.add("grey or colour, clean paper")
        for one in _answers([seen]):
            for row in applying if one.kind in _CLASSES else ():
                groups[_CLASSES[one.kind], row].append(one)
    rows = [(f"{kind}: {row}", *_row(some)) for (kind, row), some in sorted(groups.items())]
    return table(("scan or damage", *_CASES), rows)


_ALWAYS = {"skew", "stretch", "shift", "tone", "blur", "noise"}
_ON_PAPER = {"bleed_through", "dirt", "dot_gain", "fold", "toner", "streak"}

_AS_ASKED = {*(mark.value for mark in Mark), "cells", "on the line", "on the lines", "blank", "dashed"}


def _by_how(answers: Sequence[Answer]) -> str:
    groups: dict[tuple[int, str, str], list[Answer]] = defaultdict(list)
    for one in answers:
        if one.kind in _CLASSES:
            how = "as asked" if one.how in _AS_ASKED else one.how
            groups[how != "as asked", _CLASSES[one.kind], how].append(one)
    rows = [(f"{kind}: {how}", *_row(some)) for (_, kind, how), some in sorted(groups.items())]
    return table(("how", *_CASES), rows)


def _calibration(answers: Sequence[Answer]) -> str:
    rows = []
    for judgement in Judgement:
        mine = [one for one in answers if one.reading.judgement == judgement]
        if not mine:
            continue
        pairs = [(one.reading.confidence, one.right) for one in mine]
        says, right = np.array(pairs, float).T
        for low, high in pairwise(_STEPS):
            inside = (says >= low) & (says < high)
            if inside.any():
                is_ = f"{right[inside].mean():.4f}"
                rows.append(
                    (judgement.value, f"from {low}", int(inside.sum()), f"{says[inside].mean():.4f}", is_)
                )
        rows.append((judgement.value, "ECE", len(mine), f"{calibration_error(pairs):.4f}", ""))
    return table(("judgement", "confidence", "fields", "says", "is"), rows)


def _at_targets(answers: Sequence[Answer]) -> str:
    targets = TargetErrors()
    by_class = {
        "checkboxes": targets.checkbox,
        "digits and dates": targets.digits,
        "handwriting": targets.handwriting,
    }
    rows = []
    for name, target in by_class.items():
        mine = [one for one in answers if _CLASSES.get(one.kind) == name]
        plain = sorted(
            (one for one in mine if not one.reading.doubt), key=lambda one: -one.reading.confidence
        )
        expected = np.cumsum([1 - one.reading.confidence for one in plain]) / np.arange(1, len(plain) + 1)
        count = int(np.flatnonzero(expected <= target).max(initial=-1)) + 1
        wrong = sum(not one.right for one in plain[:count])
        low, high = interval(wrong, count)
        least = f"{plain[count - 1].reading.confidence:.4f}" if count else "none"
        share, rates = count / max(len(mine), 1), f"{1e4 * low:.1f}–{1e4 * high:.1f}"
        rows.append((name, f"{1e4 * target:g}", least, f"{share:.1%}", wrong, rates))
    heading = ("class", "target in 10,000", "accepted from", "accepted", "wrong", "in 10,000 (95 %)")
    return table(heading, rows)


def _times(pages: Mapping[str, Sequence[Seen]]) -> str:
    rows = []
    for preset, seen in pages.items():
        times = [one.milliseconds for one in seen if one.milliseconds]
        fields = Counter(preset for one in seen if one.found for _ in one.measurements)[preset]
        find, measure = (float(np.median([t[name] for t in times])) for name in ("find", "measure"))
        each = sum(t["measure"] for t in times) / max(fields, 1)
        rows.append((preset, f"{find:.0f}", f"{measure:.0f}", f"{each:.1f}"))
    return "CPU milliseconds on one thread.\n\n" + table(
        ("pages", "finding, median page", "measuring, median page", "per field"), rows
    )
