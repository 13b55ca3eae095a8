"""Four small games on a line, each of which needs one term of position-sensitive attention.

A line has 16 pixels. In each game some pixels must name something that another pixel knows:

``what``    the letter of the one other pixel of their own kind: needs q·k
``there``   the letter of the pixel that lies where their own arrow points: needs q·r^q
``called``  the letter of the pixel whose arrow points at them: needs k·r^k
``where``   on which side the other pixel of their kind is, near or far: needs r^v
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from axialkit.attention import AxialAttention1d
from axialkit.attention.reference import Terms
from axialkit.course.small_training import fit, one_thread
from axialkit.errors import InputError

LENGTH = 16
LETTERS = 4
KINDS = LENGTH // 2
ARROWS = (-3, -1, 2, 4)  # how far an arrow points; positive = to the right
NO_ANSWER = -1
STEPS = 300
GAMES = {
    "what": "Who is of my kind?",
    "there": "What is where my arrow points?",
    "called": "Whose arrow points at me?",
    "where": "Where is the other of my kind?",
}
VARIANTS = {
    "all terms": Terms(),
    "no q·k": Terms(content=False),
    "no q·r": Terms(query_position=False),
    "no k·r": Terms(key_position=False),
    "no r^v": Terms(value_position=False),
}
NEEDS = {"what": "no q·k", "there": "no q·r", "called": "no k·r", "where": "no r^v"}
_CHANNELS = {"what": KINDS + LETTERS, "there": 8, "called": 8, "where": KINDS}
CLASSES = {"what": LETTERS, "there": LETTERS, "called": LETTERS, "where": 4}


class Lines(NamedTuple):
    """A batch of lines and what their pixels must answer."""

    pixels: Float[Tensor, "batch length channel"]
    answer: Int[Tensor, "batch length"]  # -1 = not asked


def draw_lines(game: str, count: int, generator: torch.Generator) -> Lines:
    """Draw ``count`` lines of a game.

    Raises:
        InputError: there is no such game.
    """
    if game not in GAMES:
        raise InputError(f'There is no game "{game}". Games: {", ".join(GAMES)}.')
    return {"what": _what, "there": _there, "called": _called, "where": _where}[game](
        count, generator
    )


def _one_hot(numbers: Int[Tensor, "batch length"], classes: int) -> Float[Tensor, "batch length c"]:
    """Return one channel per class; -1 has none."""
    return F.one_hot(numbers + 1, classes + 1)[..., 1:].float()


def _letters(count: int, generator: torch.Generator) -> Int[Tensor, "batch length"]:
    return torch.randint(LETTERS, (count, LENGTH), generator=generator)


def _what(count: int, generator: torch.Generator) -> Lines:
    """Every kind twice: one pixel knows a letter, the other must name it."""
    order = torch.rand(count, LENGTH, generator=generator).argsort(1)
    kind, tells = order % KINDS, order < KINDS
    letter = torch.where(tells, _letters(count, generator), NO_ANSWER)
    known = torch.empty(count, KINDS, dtype=torch.long)
    known.scatter_(1, kind.masked_select(tells).view(count, -1), letter[tells].view(count, -1))
    answer = torch.where(tells, NO_ANSWER, known.gather(1, kind))
    return Lines(torch.cat([_one_hot(kind, KINDS), _one_hot(letter, LETTERS)], -1), answer)


def _there(count: int, generator: torch.Generator) -> Lines:
    """Every pixel has a letter and an arrow."""
    letter = _letters(count, generator)
    arrow = torch.randint(len(ARROWS), (count, LENGTH), generator=generator)
    target = torch.arange(LENGTH) + torch.tensor(ARROWS)[arrow]
    inside = (target >= 0) & (target < LENGTH)
    answer = torch.where(inside, letter.gather(1, target.clamp(0, LENGTH - 1)), NO_ANSWER)
    return Lines(torch.cat([_one_hot(letter, LETTERS), _one_hot(arrow, len(ARROWS))], -1), answer)


def _called(count: int, generator: torch.Generator) -> Lines:
    """Four pixels have arrows, each points at a pixel that no other arrow points at."""
    letter = _letters(count, generator)
    callers = torch.rand(count, LENGTH, generator=generator).argsort(1)[:, :4]
    arrow = torch.full((count, LENGTH), NO_ANSWER)
    answer = torch.full((count, LENGTH), NO_ANSWER)
    for caller in callers.unbind(1):
        lot = torch.randint(len(ARROWS), (count,), generator=generator)
        target = caller + torch.tensor(ARROWS)[lot]
        line = torch.arange(count)
        free = (target >= 0) & (target < LENGTH)
        free &= answer[line, target.clamp(0, LENGTH - 1)] == NO_ANSWER
        arrow[line[free], caller[free]] = lot[free]
        answer[line[free], target[free]] = letter[line[free], caller[free]]
    return Lines(torch.cat([_one_hot(letter, LETTERS), _one_hot(arrow, len(ARROWS))], -1), answer)


def _where(count: int, generator: torch.Generator) -> Lines:
    """Every kind twice; all must name in which direction, and how far, their like is."""
    order = torch.rand(count, LENGTH, generator=generator).argsort(1)
    kind = order % KINDS
    like = torch.empty(count, LENGTH, dtype=torch.long)
    place = torch.arange(LENGTH).expand(count, -1)
    like.scatter_(1, order, place)  # where the pixel of each number stands
    distance = like.gather(1, (order + KINDS) % LENGTH) - place
    answer = torch.bucketize(distance, torch.tensor([-5, 0, 6]), right=True)
    # of any strength: else the distance could be told by how much of the other one arrives
    strength = 0.4 + 1.2 * torch.rand(count, LENGTH, 1, generator=generator)
    return Lines(strength * _one_hot(kind, KINDS), answer)


class OneLayerNet(nn.Module):
    """A pixel's channels -> one layer of attention -> an answer per pixel.

    Before and after the layer every pixel is alone, so what it can know is what the layer tells.
    """

    def __init__(self, game: str, terms: Terms, channels: int = 32) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(_CHANNELS[game], channels), nn.ReLU())
        self.attention = AxialAttention1d(
            channels, channels, channels, heads=1, terms=terms, max_distance=LENGTH
        )
        self.answer = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.ReLU(), nn.Linear(2 * channels, CLASSES[game])
        )

    def forward(
        self, pixels: Float[Tensor, "batch length channel"]
    ) -> Float[Tensor, "batch length klass"]:
        x = self.embed(pixels)
        return self.answer(x + self.attention(x))


def train_variant(game: str, variant: str, steps: int, seed: int = 0) -> float:
    """Train one net from scratch; return the share of right answers on new lines."""
    with one_thread():
        torch.manual_seed(seed)
        net, generator = OneLayerNet(game, VARIANTS[variant]), _generator(seed + 1)

        def draw_loss() -> Tensor:
            lines = draw_lines(game, 32, generator)
            logits = net(lines.pixels).flatten(0, 1)
            return F.cross_entropy(logits, lines.answer.flatten(), ignore_index=NO_ANSWER)

        fit(net, draw_loss, steps, rate=2e-2)
        return accuracy(net.eval(), game, seed + 99)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def accuracy(net: nn.Module, game: str, seed: int) -> float:
    """Return the share of right answers on 512 new lines."""
    lines = draw_lines(game, 512, _generator(seed))
    asked = lines.answer != NO_ANSWER
    return (net(lines.pixels).argmax(-1) == lines.answer)[asked].float().mean().item()
