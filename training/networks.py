"""What the trained networks share: the course of training, an honest temperature, and the way into ONNX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Augment = Callable[[Tensor, torch.Generator], Tensor]


def fit(
    made: Callable[[], nn.Module],
    pictures: NDArray[np.uint8],
    labels: Tensor,
    augment: Augment,
    samples: int,
    batch: int,
    seed: int,
) -> nn.Module:
    """A network that tells `pictures` (N, channels, height, width; 0 to 255) apart. `made` makes it;
    `samples`: how many pictures are shown in all."""
    torch.manual_seed(seed)
    generator, network = torch.Generator().manual_seed(seed), made()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    steps = samples // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.15)
    seen = 1.0
    for step in range(steps):
        rows = torch.randint(0, len(labels), (batch,), generator=generator)
        shaken = augment(_tensor(pictures[rows.numpy()]), generator)
        loss = functional.cross_entropy(network(shaken), labels[rows], label_smoothing=0.002)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        seen = 0.99 * seen + 0.01 * loss.item()
        if step % 500 == 499:
            print(f"{step + 1}/{steps}  loss {seen:.4f}", flush=True)
    return network.eval()


def logits_of(network: nn.Module, pictures: NDArray[np.uint8]) -> Tensor:
    with torch.no_grad():
        return torch.cat([network(_tensor(pictures[n : n + 500])) for n in range(0, len(pictures), 500)])


def _tensor(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures).float() / 255


def convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


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
