"""Engines side by side on the same handwriting: every written line of text of simulated office scans.

    python -m benchmarks.engines [--pages 40] [--seed 5]

Each engine reads what the reader cuts out for it, so that only the engine differs. Times are CPU
milliseconds per field, of the process and of those it starts (Tesseract is a program of its own).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.document import Run, table
from benchmarks.reading import Job, picture, press
from forms.model import Kind
from ingest import text
from ingest.confidence import same_answer
from ingest.engines import OURS, Engine, EngineError, engine
from ingest.ink import PageInk
from ingest.lines import without_lines
from ingest.page import Sheet, find_sheet
from ingest.serials import read_serial


@dataclass
class Tally:
    """What an engine made of the fields. `errors` of `characters`: insertions, deletions, replacements."""

    fields: int = 0
    exact: int = 0
    characters: int = 0
    errors: int = 0
    sure: int = 0
    sure_wrong: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def add(self, truth: str, read: str, confidence: float, milliseconds: float) -> None:
        self.fields += 1
        right = same_answer(truth, read)
        self.exact += right
        self.characters += len(truth)
        self.errors += distance(truth, read)
        self.sure += confidence >= SURE
        self.sure_wrong += confidence >= SURE and not right
        self.milliseconds.append(milliseconds)


SURE = 0.95
"""Least score of its characters from which a line counts as sure, as the engine itself has it."""


def report(run: Run) -> str:
    tallies = measured(run.pages(60), run.seed)
    rows = [
        (
            name,
            tally.fields,
            f"{tally.exact / max(tally.fields, 1):.1%}",
            f"{tally.errors / max(tally.characters, 1):.1%}",
            f"{tally.sure / max(tally.fields, 1):.1%}",
            f"{tally.sure_wrong / max(tally.sure, 1):.1%}",
            f"{sum(tally.milliseconds) / max(tally.fields, 1):.0f}",
        )
        for name, tally in tallies.items()
    ]
    heading = ("engine", "fields", "exact", "characters wrong", "sure", "wrong of the sure", "ms per field")
    return (
        "Free handwriting in one and several lines, cut out alike for each engine. `sure`: no character"
        f" scored below {SURE} by the engine itself.\n\n"
    ) + table(heading, rows)


def measured(pages: int, seed: int) -> dict[str, Tally]:
    engines = [engine(name) for name in OURS]
    tallies = {reader.name: Tally() for reader in engines}
    for n in range(pages):
        job = Job(n, seed, "office", None, 0.0, ())
        _, page, truth, pixels = picture(job)
        sheet = find_sheet(pixels, press(()).shelf, read_serial)
        if isinstance(sheet, Sheet):
            _read(sheet, page, truth.fields, engines, tallies)
    return tallies


def _read(
    sheet: Sheet, page: int, truth: dict[str, object], engines: Sequence[Engine], tallies: dict[str, Tally]
) -> None:
    boxes = list(sheet.printed.layout.on_page(page))
    ink = PageInk.of(without_lines(sheet.registered), boxes)
    kinds = {f.key: f.kind for f in sheet.printed.layout.fields_on_page(page)}
    for box in boxes:
        written = truth.get(box.field)
        if kinds[box.field] not in (Kind.TEXT, Kind.LINES) or not isinstance(written, str):
            continue
        for reader in engines:
            started = _cpu()
            try:
                seen = text.measure(ink, box, reader).texts
            except EngineError:
                seen = ()
            took = 1000 * (_cpu() - started)
            read = seen[0].text if seen else ""
            confidence = min((c.score for c in seen[0].characters), default=0.0) if seen else 0.0
            tallies[reader.name].add(written, read, confidence, took)


def _cpu() -> float:
    """CPU seconds of this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def distance(one: str, other: str) -> int:
    """Levenshtein's: the fewest characters to insert, delete or replace."""
    row = list(range(len(other) + 1))
    for n, a in enumerate(one, 1):
        before, row[0] = row[0], n
        for m, b in enumerate(other, 1):
            before, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, before + (a != b))
    return row[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    print(report(Run(options.seed, options.pages / 60)))


if __name__ == "__main__":
    main()
