"""Measures finding and reading and writes what came out to docs/accuracy.md.

    python -m benchmarks.accuracy [PART…] [--seed 1] [--effort 1.0]

Without names all parts are measured, which takes about an hour on one core; a part that is named
replaces only itself in the document. Each part is a function of its own benchmark: `Run` → Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cv2

from benchmarks import damage_cases, engines, finding, reading_report, real_marks
from benchmarks.document import Part, Run, assembled, measured, parts_of

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"

INTRO = """
# Accuracy

What the reader makes of damaged pages, measured on forms that this checkout prints, fills in with
simulated hands and damages. Everything here is written by `python -m benchmarks.accuracy`; each part says
when and at which commit it was measured, and is repeated by the command under it.

![A page as the reader saw it](images/what-the-reader-saw.jpg)

A photograph of a curled page, put straight, as `zoufang scan --debug-dir` draws it: markers in blue; boxes
where they were looked for, green where the reading is sure, amber where it is nearly, red where a person is
asked; readings in blue, and in red how far bent paper may have carried a field unnoticed.
"""

PARTS = (
    Part("cases", "Damage, case by case", damage_cases.report),
    Part("finding", "Finding pages, by kind of damage", finding.report),
    Part("codes", "Damaged QR codes", finding.report_codes),
    Part("reading", "Reading what was written", reading_report.report),
    Part("marks", "Real pen marks", real_marks.report),
    Part("engines", "Engines for handwriting", engines.report),
)
"""In the order of the document."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [part.name for part in PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(names)}; all by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--effort", type=float, default=1.0, help="multiplies how many pages are measured")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    unknown = set(options.parts) - {*names}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    cv2.setNumThreads(1)
    run = Run(options.seed, options.effort)
    for part in PARTS:
        if options.parts and part.name not in options.parts:
            continue
        started = time.monotonic()
        text = measured(part, run)
        before = options.document.read_text("utf-8") if options.document.exists() else ""
        after = assembled(INTRO, names, parts_of(before) | {part.name: text})
        options.document.write_text(after, "utf-8")
        print(f"{part.name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
