"""What attention holds in memory, step by step, in three ways to compute it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import einsum
from torch import Tensor

from axialkit.attention.fused import Attention
from axialkit.attention.operators import fused_attention
from axialkit.attention.positions import distance_rows, look_up
from axialkit.attention.tiles import scratch_for
from axialkit.bench.attention import Shape
from axialkit.course.roofline import position_bias, value_rel_from_lse
from axialkit.course.sensitive import Tables
from axialkit.model.peak import Ledger

BLOCK = 16  # keys at a time, in the second pass


class Moment(NamedTuple):
    """One step of a way to compute attention."""

    name: str
    most: int  # bytes held at the worst moment of the step, beside what it was given


Story = list[Moment]


class _Diary:
    """Notes what a ledger held since the last note."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.seen = ledger, 0
        self.story: Story = []

    def note(self, name: str) -> None:
        steps = self.ledger.steps[self.seen :]
        self.story.append(Moment(name, max(step.living for step in steps)))
        self.seen = len(self.ledger.steps)


def example(shape: Shape, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tables]:
    """Draw queries, keys, values and position tables of a layer; logits of about 1."""
    generator = torch.Generator().manual_seed(seed)
    depths = (shape.key_depth // shape.heads,) * 2 + (shape.value_depth // shape.heads,)
    size = shape.rows, shape.heads, shape.length
    q, k, v = (torch.randn(*size, depth, generator=generator) for depth in depths)
    tables = [torch.randn(2 * shape.length - 1, depth, generator=generator) / 4 for depth in depths]
    return q / depths[0] ** 0.5, k, v, Tables(*tables)


@torch.no_grad()
def stored_story(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> tuple[Story, Tensor]:
    """Follow the definition, which stores every map."""
    with Ledger() as ledger:
        diary = _Diary(ledger)
        r_q, r_k, r_v = (look_up(table, q.shape[2]) for table in tables)
        content = einsum(q, k, "b head i d, b head j d -> b head i j")
        diary.note("q · k")
        query_position = einsum(q, r_q, "b head i d, i j d -> b head i j")
        diary.note("q · r_q")
        key_position = einsum(k, r_k, "b head j d, i j d -> b head i j")
        diary.note("k · r_k")
        logits = content + query_position + key_position
        diary.note("sum")
        weights = logits.softmax(dim=-1)
        diary.note("softmax")
        what = einsum(weights, v, "b head i j, b head j e -> b head i e")
        diary.note("v")
        where = einsum(weights, r_v, "b head i j, i j e -> b head i e")
        answer = what + where
        diary.note("r_v")
    return diary.story, answer


@torch.no_grad()
def kernel_story(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> tuple[Story, Tensor]:
    """Hand torch's kernel a bias, then retrieve the positions in a second pass."""
    lse = kept_lse(q, k, v, tables)

    def logits_of(keys: slice) -> Tensor:
        return einsum(q, k[:, :, keys], "b head i d, b head j d -> b head i j") + bias[..., keys]

    with Ledger() as ledger:
        diary = _Diary(ledger)
        r_q, r_k, r_v = (look_up(table, q.shape[2]) for table in tables)
        bias = position_bias(q, k, (r_q, r_k))
        diary.note("bias")
        what = attend_with_bias(q, k, v, bias)
        diary.note("kernel")
        where = value_rel_from_lse(logits_of, lse, r_v, BLOCK)
        answer = what + where
        diary.note("r_v again")
    return diary.story, answer


@torch.no_grad()
def fused_story(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> tuple[Story, Tensor]:
    """Run the kit's own kernel: its buffers, of which no one depends on the lines, and the answer.

    In a thread of its own, which begins without buffers.
    """

    def run() -> tuple[int, int, Tensor]:
        with torch.no_grad(), Ledger() as ledger:
            outputs = fused_attention(without_norms(q, k, v, tables))
        return ledger.peak, scratch_for(q).nbytes, outputs

    with ThreadPoolExecutor(1) as pool:
        peak, buffers, outputs = pool.submit(run).result()
    return [Moment("all at once", peak + buffers)], outputs.sum(2).transpose(1, 2)


def stories(shape: Shape) -> dict[str, Story]:
    """Follow all three ways.

    Raises:
        AssertionError: their answers differ.
    """
    given = example(shape)
    found, answers = {}, []
    ways: dict[str, Callable[..., tuple[Story, Tensor]]] = {
        "einsum, every map stored": stored_story,
        "torch's kernel and a bias": kernel_story,
        "the kit's kernel": fused_story,
    }
    for name, way in ways.items():
        found[name], answer = way(*given)
        answers.append(answer)
    for answer in answers[1:]:
        torch.testing.assert_close(answer, answers[0], rtol=1e-4, atol=1e-5)
    return found


def attend_with_bias(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """Attend by torch's flash kernel; on a CPU it wants keys and values of one depth."""
    depth = max(q.shape[-1], v.shape[-1])
    q, k, wide = (F.pad(x, (0, depth - x.shape[-1])) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, wide, bias, scale=1.0)[..., : v.shape[-1]]


def without_norms(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> Attention:
    """Return the formula of lesson 04, without batch norms, as the kit's kernel takes it."""
    r_q, r_k, r_v = (distance_rows(table, q.shape[2]) for table in tables)
    scale, shift = q.new_ones(3, q.shape[1]), q.new_zeros(q.shape[1])
    return Attention(q, k, v, r_q, r_k, r_v, scale, shift)


def kept_lse(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> Tensor:
    """Return log(sum(exp(logits))) per query, which the kit's kernel keeps for its way back."""
    _, lse = torch.ops.axialkit.fused_attention(*without_norms(q, k, v, tables))
    return lse
