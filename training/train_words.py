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
from training.networks import convolution


class StripNetwork(nn.Module):
    """Four convolutions, 50 thousand weights; a mark is one wherever on the words it lies, so the strongest
    answer of any place counts, and how much there is in all."""

    def __init__(self) -> None:
        super().__init__()
        shapes = ((word_models.CHANNELS, 16, 2), (16, 32, 2), (32, 48, 2), (48, 64, 1))
        self.places = nn.Sequential(*(layer for shape in shapes for layer in convolution(*shape)))
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(128, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, strips: Tensor) -> Tensor:
        found = self.places(strips)
        return self.head(torch.cat([found.amax((2, 3)), found.mean((2, 3))], 1))


def augment(strips: Tensor, generator: torch.Generator) -> Tensor:
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


def report(found: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """`found`: probability that the words are marked."""
    print(f"{int(labels.sum())} of {len(labels)} words are marked")
    for least in (0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.95):
        said = found >= least
        missed, false = (labels[~said] == 1).sum(), (labels[said] == 0).sum()
        print(f"from {least}: {missed} missed, {false} without a mark taken for marked")
