"""What the trained networks share: an honest temperature, and the way into ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def temperature_of(logits: Tensor, labels: Tensor) -> float:
    """The temperature with the least log loss on held-out data."""
    candidates = np.geomspace(0.3, 3.0, 100)
    losses = [float(functional.cross_entropy(logits / t, labels)) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def export(
    network: nn.Module, temperature: float, shape: tuple[int, int, int], name: str, path: Path
) -> None:
    """For pictures of `shape` (channels, height, width), called `name`. Probabilities out: the temperature
    and the softmax are part of the exported model."""

    class Calibrated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: Tensor) -> Tensor:
            return torch.softmax(self.network(pictures) / temperature, 1)

    torch.onnx.export(
        Calibrated().eval(),
        (torch.zeros(1, *shape),),
        str(path),
        input_names=[name],
        output_names=["probabilities"],
        dynamic_axes={name: {0: "n"}, "probabilities": {0: "n"}},
        dynamo=False,
    )
