"""What one query can do, and what the queries of one row cannot: the chain rule of axial attention.

Every map p(h, w) is p(w) · p(h | w): which column, and where in that column. Axial attention has
one softmax for each. But p(h | w), made by the first hop, belongs to a row: all its queries share
it, and differ in p(w) only.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from axialkit.errors import InputError

HEART = (
    ".............", "...##...##...", "..####.####..", "..#########..", "...#######...",
    "....#####....", ".....###.....", "......#......", ".............",
)  # fmt: skip
CROSS = (
    ".............", "..##.....##..", "...##...##...", "....##.##....", ".....###.....",
    "....##.##....", "...##...##...", "..##.....##..", ".............",
)  # fmt: skip

Wanted = Float[Tensor, "h w"]


def pattern(drawing: tuple[str, ...]) -> Wanted:
    """Return a drawing as a map that sums to 1: equal weight on every ``#``."""
    cells = torch.tensor([[sign == "#" for sign in line] for line in drawing], dtype=torch.float64)
    if cells.sum() == 0:
        raise InputError("The drawing has no # in it: there is nothing to look at.")
    return cells / cells.sum()


def chain_rule(wanted: Wanted) -> tuple[Float[Tensor, " w"], Float[Tensor, "h w"]]:
    """Split any map into p(w) and p(h | w), whose product it is.

    In a column without weight any p(h | w) will do: an even one.
    """
    across = wanted.sum(dim=0)
    even = torch.full_like(wanted, 1 / len(wanted))
    return across, torch.where(across > 0, wanted / across.clamp(min=1e-300), even)


def meet(one: Wanted, other: Wanted) -> tuple[Wanted, Wanted]:
    """Return the maps that come closest to both wishes, if both queries lie in one row.

    Each keeps its own p(w). The shared p(h | w) that loses least, in nats, is that of the mean.
    """
    _, shared = chain_rule((one + other) / 2)
    return one.sum(dim=0) * shared, other.sum(dim=0) * shared
