"""Lesson 04, exercise 4.4, equation 4: what must hold, typical mistakes, hints."""

from collections.abc import Sequence

import torch
from torch import Tensor

from axialkit.attention.positions import look_up
from axialkit.attention.reference import (
    content_logits,
    key_position_logits,
    query_position_logits,
    retrieved_content,
    retrieved_position,
)
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import close, draw
from axialkit.course.sensitive import Tables, position_sensitive_attention


def _tables(seed: int, length: int, d: int, e: int) -> Tables:
    rows = 2 * length + 1  # one distance more than needed: the middle has to be found
    return Tables(draw(seed, rows, d), draw(seed + 1, rows, d), draw(seed + 2, rows, e))


def _no_tables(length: int, d: int, e: int) -> Tables:
    return Tables(*(torch.zeros_like(table) for table in _tables(0, length, d, e)))


def _inputs(seed: int, b: int, heads: int, length: int, d: int, e: int) -> tuple[Tensor, ...]:
    return tuple(draw(seed + n, b, heads, length, depth) for n, depth in enumerate((d, d, e)))


def _as_deep_as_values(attention: Function) -> None:
    for b, heads, length, d, e in ((2, 3, 5, 4, 2), (1, 1, 1, 2, 6)):
        got = list(attention(*_inputs(0, b, heads, length, d, e), _tables(9, length, d, e)).shape)
        wanted = [b, heads, length, e]
        assert got == wanted, f"expected {wanted}: an answer per query, as deep as v, got {got}"


def _without_positions(attention: Function) -> None:
    q, k, v = _inputs(0, 1, 2, 6, 4, 3)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    tables = _no_tables(6, 4, 3)
    one = attention(q, k, v, tables)
    other = attention(q, k[:, :, order], v[:, :, order], tables)
    assert close(one, other), "with tables of zeros, the order of the keys must not matter"
    weights = content_logits(q, k).softmax(-1)
    assert close(one, retrieved_content(weights, v)), (
        "with tables of zeros, this is plain attention (without a root), as in lesson 02: the "
        f"first number is {float(retrieved_content(weights, v)[0, 0, 0, 0]):.3f}, yours "
        f"{float(one[0, 0, 0, 0]):.3f}"
    )


def _only_r_v(attention: Function) -> None:
    q, k, v = _inputs(0, 1, 2, 5, 4, 3)
    tables = _no_tables(5, 4, 3)._replace(value=_tables(9, 5, 4, 3).value)
    got = attention(torch.zeros_like(q), k, torch.zeros_like(v), tables)
    wanted = look_up(tables.value, 5).mean(1).expand(1, 2, -1, -1)
    assert close(got, wanted), (
        "with queries of zeros all keys weigh alike, and with values of zeros each answer is the "
        "mean of the vectors r^v of its distances"
    )


def _only_r_k(attention: Function) -> None:
    q, k, v = _inputs(0, 1, 1, 5, 4, 3)
    tables = _no_tables(5, 4, 3)._replace(key=_tables(9, 5, 4, 3).key)
    got = attention(torch.zeros_like(q), k, v, tables)
    weights = key_position_logits(k, look_up(tables.key, 5)).softmax(-1)
    assert close(got, retrieved_content(weights, v)), (
        "with queries of zeros, k·r^k alone must decide: the keys still choose their distances "
        "(with the key table; distance 0 is its middle row, which look_up finds)"
    )


def _attention(
    q: Tensor, k: Tensor, v: Tensor, tables: Tables, *, used: Sequence[float] = (1.0, 1.0, 1.0, 1.0)
) -> Tensor:
    """Attend with each of q·k, q·r, k·r, r^v times a factor."""
    r_q, r_k, r_v = (look_up(table, q.shape[2]) for table in tables)
    logits = used[0] * content_logits(q, k) + used[1] * query_position_logits(q, r_q)
    weights = (logits + used[2] * key_position_logits(k, r_k)).softmax(-1)
    return retrieved_content(weights, v) + used[3] * retrieved_position(weights, r_v)


def _over_queries(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> Tensor:
    r_q, r_k, r_v = (look_up(table, q.shape[2]) for table in tables)
    logits = content_logits(q, k) + query_position_logits(q, r_q) + key_position_logits(k, r_k)
    weights = logits.softmax(dim=-2)
    return retrieved_content(weights, v) + retrieved_position(weights, r_v)


def _root(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> Tensor:
    root = q.shape[-1] ** -0.5
    return _attention(q, k, v, tables, used=(root, root, root, 1.0))


def _flipped(q: Tensor, k: Tensor, v: Tensor, tables: Tables) -> Tensor:
    return position_sensitive_attention(q, k, v, Tables(*(table.flip(0) for table in tables)))


ATTENTION = Exercise(
    key="4.4",
    name="position_sensitive_attention",
    goal="B",
    solution=position_sensitive_attention,
    properties=(
        Property("an answer per query, as deep as a value", _as_deep_as_values),
        Property("without positions it is plain attention", _without_positions),
        Property("keys choose their distances (k·r^k)", _only_r_k),
        Property("answers carry distances (r^v)", _only_r_v),
    ),
    probes=(
        (*_inputs(1, 2, 3, 5, 4, 4), _tables(31, 5, 4, 4)),
        (*_inputs(5, 1, 2, 7, 6, 3), _tables(41, 7, 6, 3)),
        (*_inputs(9, 2, 1, 1, 2, 5), _tables(51, 1, 2, 5)),
    ),
    mutants=(
        Mutant(
            "q·r^q left out",
            lambda q, k, v, tables: _attention(q, k, v, tables, used=(1.0, 0.0, 1.0, 1.0)),
            "the queries' own positions are missing: add logits_qr before the softmax.",
        ),
        Mutant(
            "k·r^k left out",
            lambda q, k, v, tables: _attention(q, k, v, tables, used=(1.0, 1.0, 0.0, 1.0)),
            "the keys' positions are missing: add logits_kr before the softmax.",
        ),
        Mutant(
            "r^v left out",
            lambda q, k, v, tables: _attention(q, k, v, tables, used=(1.0, 1.0, 1.0, 0.0)),
            "the answer holds what the pixel saw, but not where: add value_rel.",
        ),
        Mutant(
            "content left out",
            lambda q, k, v, tables: _attention(q, k, v, tables, used=(0.0, 1.0, 1.0, 1.0)),
            "queries and keys never meet: q·k is missing in the logits.",
        ),
        Mutant(
            "softmax over the queries",
            _over_queries,
            "the softmax runs over the queries. Every query shares out its attention among the "
            "keys: dim -1.",
        ),
        Mutant(
            "divided by the root",
            _root,
            "the logits are divided by the root of the depth. Equation 4 has no root; the layer "
            "has batch norms instead.",
        ),
        Mutant(
            "distances turned around",
            _flipped,
            "left and right are exchanged in all three terms: the table is read from its end. "
            "look_up(table, length) reads it for you.",
        ),
        Mutant(
            "tables exchanged",
            lambda q, k, v, tables: position_sensitive_attention(
                q, k, v, Tables(tables.key, tables.query, tables.value)
            ),
            "the tables of the queries and of the keys have changed places: they come in the "
            "order query, key, value.",
        ),
    ),
    hints=(
        "in: q, k [b, head, l, d], v [b, head, l, e] and three tables; out: [b, head, l, e].",
        "look the tables up; add three kinds of scores; one softmax over the keys; then the mean "
        "of v and the mean of r^v, added.",
        "weights = (content + logits_qr(q, r_q) + logits_kr(k, r_k)).softmax(-1), then "
        'einsum(weights, v, "b head i j, b head j e -> b head i e") + value_rel(weights, r_v).',
    ),
)
