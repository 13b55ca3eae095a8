"""The two-hop key task: a small proof of which layers let a pixel hear from which other pixel.

An image is a dark grid of cells, one pixel each. One cell is the *key*, in one of four colors.
Three grey cells *ask*: each must be given the key's color. A grey cell lies at least three rows
and three columns away from the key, so two 3x3 convolutions cannot reach it, nor can any number of
hops along one axis.
"""

import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from axialkit.attention import AxialAttention1d
from axialkit.course.small_training import fit, one_thread
from axialkit.errors import InputError

GRID = (8, 16)  # (height, width) in cells
ASKERS = 3  # grey cells per image
APART = 3  # a grey cell is at least this many rows and columns away from the key
NO_ANSWER = -1
GREY = 0.55
# Four colors of the Okabe-Ito palette, distinct for color-blind readers too, RGB in 0..1.
KEY_COLORS = torch.tensor(
    [[0.90, 0.62, 0.00], [0.34, 0.71, 0.91], [0.94, 0.89, 0.26], [0.80, 0.47, 0.65]]
)
CHANCE = 1 / len(KEY_COLORS)
STACKS = {"conv": "3×3 conv twice", "WW": "W, then W", "HH": "H, then H", "HW": "H, then W"}


class KeyTask(NamedTuple):
    """A batch of images and what their grey cells must answer."""

    image: Float[Tensor, "batch 3 height width"]
    answer: Int[Tensor, "batch height width"]  # number of the key's color; -1 = not asked
    key: Int[Tensor, "batch 2"]  # (y, x)


class Outcome(NamedTuple):
    """One trained net and how well it does on images it has never seen."""

    net: nn.Module
    accuracy: float
    seconds: float  # CPU time of the training


def draw_tasks(count: int, generator: torch.Generator) -> KeyTask:
    """Draw ``count`` images with fresh places and colors."""
    height, width = GRID
    color = torch.randint(len(KEY_COLORS), (count,), generator=generator)
    y = torch.randint(height, (count,), generator=generator)
    x = torch.randint(width, (count,), generator=generator)
    asks = _askers(y, x, generator)
    image = 0.1 * torch.rand(count, 3, height, width, generator=generator)
    image = torch.where(asks[:, None], torch.tensor(GREY), image)
    image[torch.arange(count), :, y, x] = KEY_COLORS[color]
    answer = torch.where(asks, color[:, None, None], torch.tensor(NO_ANSWER))
    return KeyTask(image, answer, torch.stack([y, x], dim=1))


def _askers(
    y: Int[Tensor, " batch"], x: Int[Tensor, " batch"], generator: torch.Generator
) -> Bool[Tensor, "batch height width"]:
    height, width = GRID
    far_rows = (torch.arange(height) - y[:, None]).abs() >= APART
    far_columns = (torch.arange(width) - x[:, None]).abs() >= APART
    allowed = rearrange(far_rows, "b h -> b h 1") & rearrange(far_columns, "b w -> b 1 w")
    lot = torch.rand(len(y), height, width, generator=generator) * allowed
    chosen = lot.flatten(1).topk(ASKERS).indices
    asks = torch.zeros(len(y), height * width, dtype=torch.bool).scatter(1, chosen, value=True)
    return rearrange(asks, "b (h w) -> b h w", h=height)


class ConvHop(nn.Module):
    """One 3x3 convolution: each cell hears from its eight neighbours."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        return self.norm(self.conv(x))


class AxialHop(nn.Module):
    """Axial attention along one axis: "H" looks along the column, "W" along the row."""

    def __init__(self, channels: int, axis: str) -> None:
        super().__init__()
        lines = {"H": "(b w) h c", "W": "(b h) w c"}[axis]
        self.to_lines, self.to_map = f"b c h w -> {lines}", f"{lines} -> b c h w"
        self.attention = AxialAttention1d(
            channels, channels // 2, channels, heads=4, max_distance=max(GRID)
        )

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        lines = self.attention(rearrange(x, self.to_lines))
        return rearrange(lines, self.to_map, b=x.shape[0], h=x.shape[2], w=x.shape[3])


class TwoHopNet(nn.Module):
    """Color of each cell -> two hops -> a guess per cell. Only the hops let cells meet.

    Everything before and after the hops works on single cells (1x1 convolutions), so what a cell
    can know is exactly what the hops let through.
    """

    def __init__(self, stack: str, channels: int = 32) -> None:
        super().__init__()
        if stack != "conv" and not (stack and set(stack) <= {"H", "W"}):
            raise InputError(
                f'There is no stack "{stack}". Use "conv" or a string of H and W, such as "HW".'
            )
        self.embed = nn.Sequential(nn.Conv2d(3, channels, 1), nn.BatchNorm2d(channels), nn.ReLU())
        hops = (
            [ConvHop(channels) for _ in range(2)]
            if stack == "conv"
            else [AxialHop(channels, axis) for axis in stack]
        )
        self.hops = nn.Sequential(*hops)
        self.answer = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, 4, 1)
        )

    def forward(
        self, image: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch color height width"]:
        x = self.embed(image)
        return self.answer(x + self.hops(x))


def train_net(stack: str, steps: int, seed: int = 0, batch: int = 16) -> Outcome:
    """Train one net from scratch on ``steps`` fresh batches and test it on 512 new images."""
    with one_thread():
        torch.manual_seed(seed)
        start = time.process_time()
        net, generator = TwoHopNet(stack), torch.Generator().manual_seed(seed + 1)

        def draw_loss() -> Tensor:
            task = draw_tasks(batch, generator)
            return F.cross_entropy(net(task.image), task.answer, ignore_index=NO_ANSWER)

        fit(net, draw_loss, steps, rate=8e-3)
        seconds = time.process_time() - start
        return Outcome(net.eval(), accuracy(net, seed=seed + 99), seconds)


@torch.no_grad()
def accuracy(net: nn.Module, seed: int, batches: int = 8) -> float:
    """Share of grey cells that the net answers correctly on new images, 64 per batch."""
    generator = torch.Generator().manual_seed(seed)
    right = []
    for _ in range(batches):
        task = draw_tasks(64, generator)
        asked = task.answer != NO_ANSWER
        right.append((net(task.image).argmax(dim=1) == task.answer)[asked])
    return torch.cat(right).float().mean().item()
