"""The network that sees whether an option's words are marked (`ingest.word_models`).

Trained with the others by `training.train_marks`, on strips of the same pages.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ingest import word_models


class StripNetwork(nn.Module):
    """Four convolutions, 50 thousand weights; a mark is one wherever on the words it lies, so the strongest
    answer of any place counts, and how much there is in all."""

    def __init__(self) -> None:
        super().__init__()

        def step(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
            conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            return [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

        layers = [*step(word_models.CHANNELS, 16, 2), *step(16, 32, 2), *step(32, 48, 2), *step(48, 64, 1)]
        self.places = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, strips: Tensor) -> Tensor:
        found = self.places(strips)
        return self.head(torch.cat([found.amax((2, 3)), found.mean((2, 3))], 1))


def fit_strips(strips: NDArray[np.uint8], labels: Tensor, samples: int, seed: int) -> StripNetwork:
    """(N, CHANNELS, HIGH_PX, WIDE_PX), 0 to 255, and what they are; `samples`: strips seen in training."""
    torch.manual_seed(seed)
    generator, batch = torch.Generator().manual_seed(seed), 128
    network = StripNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    steps = samples // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.15)
    seen = 1.0
    for step in range(steps):
        rows = torch.randint(0, len(labels), (batch,), generator=generator)
        shaken = _augment(_tensor(strips[rows.numpy()]), generator)
        loss = functional.cross_entropy(network(shaken), labels[rows], label_smoothing=0.002)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        seen = 0.99 * seen + 0.01 * loss.item()
        if step % 500 == 499:
            print(f"words {step + 1}/{steps}  loss {seen:.4f}", flush=True)
    return network.eval()


def _augment(strips: Tensor, generator: torch.Generator) -> Tensor:
    """Moved, larger and smaller; paler strokes, noise."""
    n = len(strips)

    def chance(low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, 1).uniform_(low, high, generator=generator)

    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = chance(0.93, 1.07).flatten(), chance(0.93, 1.07).flatten()
    theta[:, :, 2] = 0.02 * torch.randn(n, 2, generator=generator)
    grid = functional.affine_grid(theta, list(strips.shape), align_corners=False)
    strips = functional.grid_sample(strips, grid, align_corners=False)
    dark, new, rest = strips[:, :1], strips[:, 1:2], strips[:, 2:]
    # Paler ink: what is new gets less, and as much less is dark there.
    paler = chance(0, 0.4) * new
    dark, new = dark - paler, new - paler
    noise = chance(0, 0.03) * torch.randn(dark.shape, generator=generator)
    return torch.cat([(dark + noise).clamp(0, 1), (new + noise).clamp(0, 1), rest], 1)


def logits_of(network: StripNetwork, strips: NDArray[np.uint8]) -> Tensor:
    with torch.no_grad():
        return torch.cat([network(_tensor(strips[n : n + 500])) for n in range(0, len(strips), 500)])


def report(found: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """`found`: probability that the words are marked."""
    print(f"{int(labels.sum())} of {len(labels)} words are marked")
    for least in (0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.95):
        said = found >= least
        missed, false = (labels[~said] == 1).sum(), (labels[said] == 0).sum()
        print(f"from {least}: {missed} missed, {false} without a mark taken for marked")


def _tensor(strips: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(strips).float() / 255
