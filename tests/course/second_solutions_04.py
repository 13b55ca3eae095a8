"""Right answers to lesson 04, independent of the package: loops, products, batch norm by hand."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def qr_by_loop(q: Tensor, r: Tensor) -> Tensor:
    rows = [(q[:, :, i, None] * r[i]).sum(-1) for i in range(q.shape[2])]
    return torch.stack(rows, dim=2)


def kr_by_matmul(k: Tensor, r: Tensor) -> Tensor:
    columns = [k[:, :, j] @ r[:, j].T for j in range(k.shape[2])]
    return torch.stack(columns, dim=-1)


def value_by_loop(weights: Tensor, r: Tensor) -> Tensor:
    return torch.stack([weights[:, :, i] @ r[i] for i in range(len(r))], dim=2)


def vectors(table: Tensor, length: int) -> Tensor:
    middle = len(table) // 2
    rows = [
        torch.stack([table[min(max(middle + j - i, 0), len(table) - 1)] for j in range(length)])
        for i in range(length)
    ]
    return torch.stack(rows)


def attention_by_pairs(q: Tensor, k: Tensor, v: Tensor, tables: tuple[Tensor, ...]) -> Tensor:
    length = q.shape[2]
    r_q, r_k, r_v = (vectors(table, length) for table in tables)
    answers = []
    for i in range(length):
        scores = [
            (q[:, :, i] * (k[:, :, j] + r_q[i, j])).sum(-1) + k[:, :, j] @ r_k[i, j]
            for j in range(length)
        ]
        weights = torch.exp(torch.stack(scores, -1))
        weights = weights / weights.sum(-1, keepdim=True)
        answers.append(
            sum(weights[:, :, j, None] * (v[:, :, j] + r_v[i, j]) for j in range(length))
        )
    return torch.stack(answers, dim=2)


def norm_by_hand(norm: torch.nn.Module, x: Tensor, axis: int) -> Tensor:
    shape = [1] * x.ndim
    shape[axis] = -1
    mean, variance = norm.running_mean.view(shape), norm.running_var.view(shape)
    return (x - mean) / (variance + 1e-3) ** 0.5 * norm.weight.view(shape) + norm.bias.view(shape)


def layer_by_heads(layer: torch.nn.Module, x: Tensor) -> Tensor:
    """Every head alone, channels-last batch norms by their formula."""
    heads, length = layer.heads, x.shape[1]
    qkv = norm_by_hand(layer.norm_qkv, x @ layer.qkv.weight.T, axis=2)
    d, e = layer.key_channels // heads, layer.value_channels // heads
    tables = layer.query_table, layer.key_table, layer.value_table
    r_q, r_k, r_v = (vectors(table, length) for table in tables)
    scores: list[list[Tensor]] = [[], [], []]
    values = []
    for head in range(heads):
        q, k = (qkv[..., s + head * d : s + (head + 1) * d] for s in (0, heads * d))
        values.append(qkv[..., 2 * heads * d + head * e :][..., :e])
        scores[0].append(q @ k.mT)
        scores[1].append(torch.stack([q[:, i] @ r_q[i].T for i in range(length)], 1))
        scores[2].append(torch.stack([k[:, j] @ r_k[:, j].T for j in range(length)], 2))
    normed = norm_by_hand(layer.norm_logits, torch.stack(sum(scores, []), 1), axis=1)
    weights = normed.unflatten(1, (3, heads)).sum(1).softmax(-1)
    what = torch.cat([weights[:, h] @ values[h] for h in range(heads)], -1)
    where = [
        torch.stack([weights[:, h, i] @ r_v[i] for i in range(length)], 1) for h in range(heads)
    ]
    both = norm_by_hand(layer.norm_output, torch.cat([what, *where], -1), axis=2)
    return both.unflatten(-1, (2, -1)).sum(-2)


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "4.1": qr_by_loop,
    "4.2": kr_by_matmul,
    "4.3": value_by_loop,
    "4.4": attention_by_pairs,
    "4.5": layer_by_heads,
}
