"""Left or right of the marker? A small game that attention cannot win without positions.

A line of dark cells holds one *marker*. A few grey cells within reach of it *ask*: am I left of the
marker or right of it? All grey cells look alike, so a net that does not know where things are has
to give all of them the same answer.
"""

import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from axialkit.attention import AxialAttention1d, Terms
from axialkit.course.key_task import GREY, KEY_COLORS, NO_ANSWER
from axialkit.course.small_training import fit, one_thread, settle_statistics
from axialkit.errors import InputError

LENGTH = 32  # cells of a line
NEAR = 6  # a grey cell is at most this far from the marker
ASKERS = 4  # grey cells of a line
SHIFT = 12  # how far the test images are moved
LEARNED = range(NEAR, NEAR + 8)  # where the marker stands in training
SHIFTED = range(LEARNED.start + SHIFT, LEARNED.stop + SHIFT)
EVERYWHERE = range(NEAR, LENGTH - NEAR)
LEFT, RIGHT = 0, 1
CHANCE = 0.5
MARKER = KEY_COLORS[0]
POSITIONS = {
    "none": "no positions",
    "absolute": "absolute: a vector per place",
    "relative": "relative: a vector per distance",
}
_OFF = Terms(query_position=False, key_position=False, value_position=False)


class SideTask(NamedTuple):
    """A batch of lines and what their grey cells must answer."""

    line: Float[Tensor, "batch length 3"]
    answer: Int[Tensor, "batch length"]  # LEFT or RIGHT of the marker; -1 = not asked
    marker: Int[Tensor, " batch"]


class Sides(NamedTuple):
    """One trained net and its share of right answers at every place of the marker."""

    net: nn.Module
    by_place: dict[int, float]
    seconds: float  # CPU time of the training

    def share(self, places: range) -> float:
        """Return the mean share of right answers for markers at these places."""
        return sum(self.by_place[place] for place in places) / len(places)


def draw_lines(count: int, places: range, generator: torch.Generator) -> SideTask:
    """Draw ``count`` lines whose markers stand at these places."""
    marker = places.start + torch.randint(len(places), (count,), generator=generator)
    asks = _askers(marker, generator)
    line = 0.1 * torch.rand(count, LENGTH, 3, generator=generator)
    line = torch.where(rearrange(asks, "b l -> b l 1"), torch.tensor(GREY), line)
    line[torch.arange(count), marker] = MARKER
    side = (torch.arange(LENGTH) > marker[:, None]).long()
    return SideTask(line, torch.where(asks, side, NO_ANSWER), marker)


def _askers(
    marker: Int[Tensor, " batch"], generator: torch.Generator
) -> Bool[Tensor, "batch length"]:
    distance = (torch.arange(LENGTH) - marker[:, None]).abs()
    allowed = (distance > 0) & (distance <= NEAR)
    lot = torch.rand(len(marker), LENGTH, generator=generator) * allowed
    chosen = lot.topk(ASKERS).indices
    return torch.zeros_like(allowed).scatter(1, chosen, value=True)


class SideNet(nn.Module):
    """Color of each cell -> one attention along the line -> left or right, for each cell.

    Only the attention lets cells meet. ``positions`` says what it is told about places: "none",
    "absolute" (a vector for each place, added to its cell) or "relative" (the layer as it is).

    Raises:
        InputError: other positions.
    """

    def __init__(self, positions: str, channels: int = 32) -> None:
        super().__init__()
        if positions not in POSITIONS:
            raise InputError(
                f'There are no positions "{positions}". Use one of {", ".join(POSITIONS)}.'
            )
        self.embed = nn.Sequential(nn.Linear(3, channels), nn.ReLU())
        self.places = None
        if positions == "absolute":
            self.places = nn.Parameter(torch.randn(LENGTH, channels))
        self.attention = AxialAttention1d(
            channels,
            channels // 2,
            channels,
            heads=4,
            terms=Terms() if positions == "relative" else _OFF,
            max_distance=LENGTH,
        )
        self.answer = nn.Sequential(
            nn.ReLU(), nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, 2)
        )

    def forward(self, line: Float[Tensor, "batch length 3"]) -> Float[Tensor, "batch length side"]:
        x = self.embed(line)
        if self.places is not None:
            x = x + self.places
        return self.answer(x + self.attention(x))


def train_net(
    positions: str, steps: int, seed: int = 0, *, learned: range = LEARNED, batch: int = 32
) -> Sides:
    """Train one net on lines with the marker at ``learned``; test it with markers everywhere."""
    with one_thread():
        torch.manual_seed(seed)
        start = time.process_time()
        net, generator = SideNet(positions), torch.Generator().manual_seed(seed + 1)

        def draw_loss() -> Tensor:
            task = draw_lines(batch, learned, generator)
            logits = rearrange(net(task.line), "b l side -> b side l")
            return F.cross_entropy(logits, task.answer, ignore_index=NO_ANSWER)

        fit(net, draw_loss, steps, rate=8e-3)
        settle_statistics(net, draw_lines(16 * batch, learned, generator).line)
        seconds = time.process_time() - start
        return Sides(net.eval(), accuracy_by_place(net, seed + 99), seconds)


@torch.no_grad()
def accuracy_by_place(net: nn.Module, seed: int, count: int = 128) -> dict[int, float]:
    """Share of grey cells answered rightly, for each place of the marker, on new lines."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for place in EVERYWHERE:
        task = draw_lines(count, range(place, place + 1), generator)
        asked = task.answer != NO_ANSWER
        right = (net(task.line).argmax(dim=-1) == task.answer)[asked]
        found[place] = right.float().mean().item()
    return found
