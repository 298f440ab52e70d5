"""Fits the curves that turn raw scores into probabilities: `ingest/models/confidence.json`.

    benchmarks/reading.py --pages 900 --seed 701 --digits NPZ --careless 0.03 --keep office.pickle
    benchmarks/reading.py --pages 450 --seed 702 … --preset worn --keep worn.pickle
    benchmarks/reading.py --pages 250 --seed 703 … --preset phone --keep phone.pickle
    python -m training.fit_confidence *.pickle

`NPZ` is digits-28px.npz. The curves that ship are of 1,600 pages (shipped-5), but for blank places and
signatures (`--only`): of these, after what is seen of them had changed, 1,090 pages of seeds 701, 702 and
5051 to 5053. On simulated returns without some fonts; accuracy is reported (`benchmarks.reading_report`) on
other seeds, whose people and pens are others, and apart for those fonts.
"""

from __future__ import annotations

import argparse
import pickle
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reading import DAYS, HELD_OUT_FACES, Seen, vocabularies
from ingest.confidence import Calibration, Curve, Judgement, fit, same_answer, shipped
from ingest.decide import decide

MODELS = Path(__file__).parents[1] / "ingest" / "models"
_PLAIN = Calibration("plain", {})


def outcomes(pages: Sequence[Seen]) -> dict[str, list[tuple[float, bool]]]:
    """Judgement → (raw score, whether it was right), of fields with one right answer, by hands that are
    not held out."""
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for seen in (page for page in pages if page.found and page.face not in HELD_OUT_FACES):
        for reading in decide(seen.form, seen.measurements, vocabularies(), _PLAIN, DAYS):
            if reading.judgement and reading.field not in seen.truth.ambiguous:
                right = same_answer(seen.truth.fields[reading.field], reading.value)
                found[reading.judgement].append((reading.raw, right))
    return found


def table(pairs: Sequence[tuple[float, bool]], curve: Curve) -> str:
    right = np.array([r for _, r in pairs])
    p = np.array([curve(raw) for raw, _ in pairs])
    edges = (0, 0.5, 0.9, 0.98, 0.995, 0.999, 1.0001)
    rows = []
    for low, high in pairwise(edges):
        inside: NDArray[np.bool_] = (p >= low) & (p < high)
        if inside.any():
            says, is_ = p[inside].mean(), right[inside].mean()
            rows.append(f"  from {low:.3f}: n {inside.sum():6d}  says {says:.4f}  is {is_:.4f}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("kept", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(Judgement),
        help="other curves stay as they are: nothing new was measured",
    )
    options = parser.parse_args()
    pages = [seen for path in options.kept for seen in pickle.loads(path.read_bytes())]
    curves = dict(shipped().curves) if options.only else {}
    for judgement, pairs in sorted(outcomes(pages).items()):
        if options.only and judgement not in options.only:
            continue
        curves[Judgement(judgement)] = curve = fit(pairs)
        print(f"{judgement}: {len(pairs)} fields, slope {curve.slope}, offset {curve.offset}")
        print(table(pairs, curve))
    calibration = Calibration("shipped-6", curves)
    (options.out / "confidence.json").write_text(calibration.to_json() + "\n", "utf-8")


if __name__ == "__main__":
    main()
