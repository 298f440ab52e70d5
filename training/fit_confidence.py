"""Fits the curves that turn raw scores into probabilities: `ingest/models/confidence.json`.

    python benchmarks/reading.py --pages 600 --seed 21 --keep office.pickle
    python benchmarks/reading.py --pages 200 --seed 22 --preset worn --keep worn.pickle
    python -m training.fit_confidence office.pickle worn.pickle

On simulated returns; report accuracy on other seeds, whose people and pens are others.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reading import Seen, press, same
from ingest.confidence import Calibration
from ingest.decide import decide

MODELS = Path(__file__).parents[1] / "ingest" / "models"
WRONG_WEIGHS = 3.0
"""Thresholds fitted at 1 % gave 2 % on fresh data (EVIDENCE): wrong readings count more than once."""
PRIOR = 4.0
"""Strength of the belief that a score is a probability already: slope 1, offset 0."""
_PLAIN = Calibration("plain", {})


def outcomes(pages: Sequence[Seen]) -> dict[str, list[tuple[float, bool]]]:
    """Judgement → (raw score, whether it was right), of fields with one right answer."""
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for seen in (page for page in pages if page.found):
        for reading in decide(seen.form, seen.measurements, press().shelf.vocabularies, _PLAIN):
            if reading.judgement and reading.field not in seen.truth.ambiguous:
                right = same(seen.truth.fields[reading.field], reading.value)
                found[reading.judgement].append((reading.raw, right))
    return found


def fit(pairs: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and offset of the log odds, by Newton's method on the penalised log loss."""
    raw = np.clip(np.array([p for p, _ in pairs]), 1e-9, 1 - 1e-9)
    right = np.array([float(r) for _, r in pairs])
    x = np.stack([np.log(raw / (1 - raw)), np.ones(len(raw))], 1)
    weight = np.where(right > 0, 1.0, WRONG_WEIGHS)
    start = np.array([1.0, 0.0])
    curve = start.copy()
    for _ in range(60):
        p = 1 / (1 + np.exp(-x @ curve))
        gradient = x.T @ (weight * (p - right)) + PRIOR * (curve - start)
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + PRIOR * np.eye(2)
        curve = curve - np.linalg.solve(hessian, gradient)
    return float(curve[0]), float(curve[1])


def table(pairs: Sequence[tuple[float, bool]], curve: tuple[float, float]) -> str:
    raw = np.clip(np.array([p for p, _ in pairs]), 1e-9, 1 - 1e-9)
    right = np.array([r for _, r in pairs])
    p = 1 / (1 + np.exp(-(curve[0] * np.log(raw / (1 - raw)) + curve[1])))
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
    options = parser.parse_args()
    pages = [seen for path in options.kept for seen in pickle.loads(path.read_bytes())]
    curves = {}
    for judgement, pairs in sorted(outcomes(pages).items()):
        curve = fit(pairs)
        curves[judgement] = {"slope": round(curve[0], 3), "offset": round(curve[1], 3)}
        print(f"{judgement}: {len(pairs)} fields, slope {curve[0]:.3f}, offset {curve[1]:.3f}")
        print(table(pairs, curve))
    facts = {"version": "confidence-1", "curves": curves}
    (options.out / "confidence.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
