"""Trains the classifiers of marks: `ingest/models/marks.json`, `marks.onnx` and `words.onnx`.

A development tool, not part of the application: it needs torch 2.13 and onnx, which are no dependencies of
the project (`pip install torch==2.13.0 onnx`). Half an hour on two cores, half of it to draw the pages:

    python -m training.train_marks --cache marks.npz

The pages come from `training.draw_marks`. The photographed boxes of `real-marks/` are never used here.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ingest import mark_models, word_models
from training import train_words
from training.draw_marks import Examples, draw_pages
from training.networks import convolution, export, fit, logits_of, temperature_of

MODELS = Path(__file__).parents[1] / "ingest" / "models"


# --- by the stroke's features ---------------------------------------------------------------------


def fit_features(features: Tensor, labels: Tensor, hidden: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(features.shape[1], hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(),
        nn.Linear(hidden, len(mark_models.CLASSES)),
    )  # fmt: skip
    # Pressed hard on purpose: five networks averaged, with decay 0.1 and noise 0.2, were surer of simulated
    # marks but saw 99 of 109 hardly marked photographed boxes, not 108.
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.3)
    steps = 3000
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = torch.randint(0, len(labels), (256,), generator=generator)
        # Noise on the features keeps the network from learning single boxes by heart.
        shaken = features[rows] + 0.3 * torch.randn(256, features.shape[1], generator=generator)
        loss = functional.cross_entropy(network(shaken), labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def stored(network: nn.Sequential, temperature: float) -> list[dict[str, list[object]]]:
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    scales = [1.0] * (len(layers) - 1) + [1 / temperature]
    return [
        {
            "weights": np.round(layer.weight.detach().numpy().T * scale, 4).tolist(),
            "bias": np.round(layer.bias.detach().numpy() * scale, 4).tolist(),
        }
        for layer, scale in zip(layers, scales, strict=True)
    ]


# --- by the look of the patch ---------------------------------------------------------------------


def patch_network() -> nn.Sequential:
    """Four convolutions, 0.1 million weights, 0.1 ms a box; what lies where matters, so nothing is averaged
    over the whole patch."""

    shapes = ((2, 16, 2), (16, 32, 2), (32, 48, 2), (48, 48, 1))
    layers = [layer for shape in shapes for layer in convolution(*shape)]
    flat = 48 * (mark_models.LOOK_PX // 8) ** 2
    classes = len(mark_models.CLASSES)
    head = [nn.Flatten(), nn.Dropout(0.4), nn.Linear(flat, 48), nn.ReLU(), nn.Linear(48, classes)]
    return nn.Sequential(*layers, *head)


def augment(patches: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrored, moved, larger and smaller, paler, broader and finer strokes, with gaps and noise."""
    n = len(patches)

    def chance(low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, 1).uniform_(low, high, generator=generator)

    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = chance(0.92, 1.08).flatten() * torch.where(chance(0, 1).flatten() < 0.5, -1.0, 1.0)
    theta[:, 1, 1] = chance(0.92, 1.08).flatten() * torch.where(chance(0, 1).flatten() < 0.3, -1.0, 1.0)
    theta[:, :, 2] = 0.02 * torch.randn(n, 2, generator=generator)
    grid = functional.affine_grid(theta, list(patches.shape), align_corners=False)
    patches = functional.grid_sample(patches, grid, align_corners=False)
    ink, print_ = patches[:, :1], patches[:, 1:]
    broader, finer = functional.max_pool2d(ink, 3, 1, 1), -functional.max_pool2d(-ink, 3, 1, 1)
    which, amount = chance(0, 1), chance(0, 0.7)
    ink = torch.where(which < 0.15, ink + amount * (broader - ink), ink)
    ink = torch.where(which > 0.85, ink + amount * (finer - ink), ink)
    # Real strokes skip and fade along their way.
    holes = functional.interpolate(torch.rand(n, 1, 8, 8, generator=generator), size=patches.shape[2:])
    ink = torch.where((holes < 0.12) & (chance(0, 1) < 0.2), 0.2 * ink, ink)
    ink = ink * chance(0.55, 1.1)
    soft = functional.avg_pool2d(functional.pad(ink, (1, 1, 1, 1)), 3, 1)
    ink = ink + chance(0, 0.6) * (soft - ink)
    ink = ink + chance(0, 0.03) * torch.randn(ink.shape, generator=generator)
    return torch.cat([ink.clamp(0, 1), print_], 1)


# --- both -----------------------------------------------------------------------------------------


def nothing_seen(passed: NDArray[np.int64]) -> list[float]:
    """Class probabilities after a quick look that found nothing (rule of succession)."""
    counts = np.bincount(passed, minlength=len(mark_models.CLASSES)).astype(float)
    # A stray speck that nobody can see is as good as empty.
    counts[0] += counts[3]
    counts[3] = 0.0
    smoothed = counts + np.array([0.0, 0.2, 0.05, 0.2])
    return [float(v) for v in np.round(smoothed / smoothed.sum(), 7)]


def report(found: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    names, best = mark_models.CLASSES, found.argmax(1)
    print("truth \\ found".ljust(16), *(name.rjust(8) for name in names))
    for n, name in enumerate(names):
        print(name.ljust(16), *(f"{int(((labels == n) & (best == m)).sum()):8d}" for m in range(len(names))))
    on = found[:, 1] + found[:, 2]
    truth = (labels == 1) | (labels == 2)
    for low, high in ((0.1, 0.9), (0.02, 0.98), (0.005, 0.995)):
        sure = (on < low) | (on > high)
        wrong = (sure & ((on > 0.5) != truth)).sum()
        print(
            f"sure outside {low}–{high}: {sure.mean():.2%} of looked-at boxes, wrong {wrong} of {sure.sum()}"
        )


def examples(count: int, seed: int, jobs: int, cache: Path | None) -> Examples:
    if cache and cache.exists():
        with np.load(cache) as kept:
            return Examples(**{field.name: kept[field.name] for field in fields(Examples)})
    found = draw_pages(count, seed, jobs)
    if cache:
        np.savez(cache, **{field.name: getattr(found, field.name) for field in fields(Examples)})
    return found


def fit_words(drawn: Examples, samples: int, seed: int, out: Path) -> None:
    held_out, labels = drawn.strip_pages % 5 == 4, torch.from_numpy(drawn.strip_labels)
    made, shown, own = train_words.StripNetwork, drawn.strips[~held_out], labels[~held_out]
    network = fit(made, shown, own, train_words.augment, samples, 128, seed)
    logits = logits_of(network, drawn.strips[held_out])
    temperature = temperature_of(logits, labels[held_out])
    print(f"words, temperature {temperature:.2f}:")
    train_words.report(torch.softmax(logits / temperature, 1)[:, 1].numpy(), drawn.strip_labels[held_out])
    shape = (word_models.CHANNELS, word_models.HIGH_PX, word_models.WIDE_PX)
    export(network, temperature, shape, "strip", out / "words.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--hidden", type=int, default=24)
    parser.add_argument("--samples", type=int, default=2_000_000, help="patches seen in training")
    parser.add_argument("--strips", type=int, default=600_000, help="strips of words seen in training")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--cache", type=Path, help="NPZ to keep what was measured in")
    options = parser.parse_args()
    torch.set_num_threads(options.jobs)
    options.out.mkdir(parents=True, exist_ok=True)

    drawn = examples(options.pages, options.seed, options.jobs, options.cache)
    held_out, labels = drawn.pages % 5 == 4, torch.from_numpy(drawn.labels)
    mean, scale = drawn.features.mean(0), drawn.features.std(0) + 1e-3
    x = torch.from_numpy((drawn.features - mean) / scale).float()
    x = x.clamp(-mark_models.MOST_SIGMAS, mark_models.MOST_SIGMAS)
    by_features = fit_features(x[~held_out], labels[~held_out], options.hidden, options.seed)
    shown, own = drawn.patches[~held_out], labels[~held_out]
    by_look = fit(patch_network, shown, own, augment, options.samples, 256, options.seed)
    with torch.no_grad():
        logits = by_features(x[held_out]), logits_of(by_look, drawn.patches[held_out])
    temperatures = [temperature_of(one, labels[held_out]) for one in logits]
    for name, one, temperature in zip(("features", "look"), logits, temperatures, strict=True):
        print(f"by {name}, temperature {temperature:.2f}:")
        report(torch.softmax(one / temperature, 1).numpy(), drawn.labels[held_out])
    side = mark_models.LOOK_PX
    export(by_look, temperatures[1], (2, side, side), "patch", options.out / "marks.onnx")
    fit_words(drawn, options.strips, options.seed, options.out)
    facts = {
        "version": "marks-3",
        "trained_on": f"{len(labels)} simulated boxes on {options.pages} pages, seed {options.seed}",
        "classes": mark_models.CLASSES,
        "features": [*mark_models.QUICK, *mark_models.CLOSE],
        "held_out_accuracy": [
            round(float((one.argmax(1) == labels[held_out]).float().mean()), 4) for one in logits
        ],
        "empty": nothing_seen(drawn.passed),
        "mean": np.round(mean, 4).tolist(),
        "scale": np.round(scale, 4).tolist(),
        "layers": stored(by_features, temperatures[0]),
    }
    (options.out / "marks.json").write_text(json.dumps(facts, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
