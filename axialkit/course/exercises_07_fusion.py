"""Lesson 07, exercise 7.3, positions as a bias: what must hold, mistakes, hints."""

from einops import einsum
from torch import Tensor
from torch.nn import functional as F

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.roofline import position_bias
from axialkit.course.samples import draw

Tables = tuple[Tensor, Tensor]


def _example(seed: int, b: int, heads: int, length: int, d: int) -> tuple[Tensor, Tensor, Tables]:
    q, k = (draw(seed + n, b, heads, length, d) for n in range(2))
    return q, k, (draw(seed + 2, length, length, d), draw(seed + 3, length, length, d))


def _query_part(q: Tensor, r_q: Tensor) -> Tensor:
    return einsum(q, r_q, "b head i d, i j d -> b head i j")


def _key_part(k: Tensor, r_k: Tensor) -> Tensor:
    return einsum(k, r_k, "b head j d, i j d -> b head i j")


def _one_number_per_pair(bias: Function) -> None:
    for shape in ((2, 3, 5, 4), (1, 2, 1, 3)):
        got = list(bias(*_example(0, *shape)).shape)
        expected = [*shape[:3], shape[2]]
        assert got == expected, f"expected {expected}: b, head, i, j; got {got}"


def _query_alone(bias: Function) -> None:
    q, k, (r_q, r_k) = _example(50, 1, 2, 4, 3)
    got, expected = bias(q, 0 * k, (r_q, r_k)), _query_part(q, r_q)
    off = float((got - expected).abs().max())
    assert off < 1e-5, (
        "with keys of zeros only q · r_q is left: [i, j] is the product of query i with r_q[i, j]; "
        f"yours is off by up to {off:.3g}"
    )


def _key_alone(bias: Function) -> None:
    q, k, (r_q, r_k) = _example(60, 2, 1, 5, 3)
    got, expected = bias(0 * q, k, (r_q, r_k)), _key_part(k, r_k)
    off = float((got - expected).abs().max())
    assert off < 1e-5, (
        "with queries of zeros only k · r_k is left: [i, j] is the product of key j with "
        f"r_k[i, j]; yours is off by up to {off:.3g}"
    )


def _is_all_that_is_missing(bias: Function) -> None:
    q, k, (r_q, r_k) = _example(4, 2, 3, 7, 4)
    v = draw(9, 2, 3, 7, 5)
    logits = einsum(q, k, "b head i d, b head j d -> b head i j")
    expected = (logits + _query_part(q, r_q) + _key_part(k, r_k)).softmax(-1) @ v
    got = F.scaled_dot_product_attention(q, k, v, attn_mask=bias(q, k, (r_q, r_k)), scale=1.0)
    off = float((got - expected).abs().max())
    assert off < 1e-5, (
        f"with your bias as attn_mask, torch's attention is off from the definition by {off:.3g}"
    )


POSITION_BIAS = Exercise(
    key="7.3",
    name="position_bias",
    goal="C",
    solution=position_bias,
    properties=(
        Property("a number for every query and key", _one_number_per_pair),
        Property("the queries' part is right", _query_alone),
        Property("the keys' part is right", _key_alone),
        Property("torch's attention with it is the definition", _is_all_that_is_missing),
    ),
    probes=(_example(20, 2, 3, 5, 4), _example(30, 1, 2, 6, 3), _example(40, 2, 1, 1, 2)),
    mutants=(
        Mutant(
            "query term alone",
            lambda q, k, tables: _query_part(q, tables[0]),
            "this is q · r_q. The keys have a position term as well: k · r_k.",
        ),
        Mutant(
            "key term alone",
            lambda q, k, tables: _key_part(k, tables[1]),
            "this is k · r_k. The queries have a position term as well: q · r_q.",
        ),
        Mutant(
            "key of the query's place",
            lambda q, k, tables: _query_part(q, tables[0]) + _query_part(k, tables[1]),
            "the second term multiplies r_k[i, j] with the key at place i. It is the key at j that "
            'is looked at: "b head j d, i j d -> b head i j".',
        ),
        Mutant(
            "table turned over",
            lambda q, k, tables: (
                _query_part(q, tables[0]) + _key_part(k, tables[1].transpose(0, 1))
            ),
            "r_k is read at [j, i]. Its first index is the place of the query, as in r_q: [i, j].",
        ),
        Mutant(
            "content as well",
            lambda q, k, tables: (
                position_bias(q, k, tables) + einsum(q, k, "b head i d, b head j d -> b head i j")
            ),
            "q · k is in the bias, too. The kernel adds it by itself, so it would count twice.",
        ),
        Mutant(
            "scaled",
            lambda q, k, tables: position_bias(q, k, tables) / q.shape[-1] ** 0.5,
            "the bias is divided by the root of the depth. This attention has no such root: that "
            "is what scale=1 says.",
        ),
        Mutant(
            "tables swapped",
            lambda q, k, tables: position_bias(q, k, (tables[1], tables[0])),
            "r_q and r_k have changed places: tables is (r_q, r_k).",
        ),
        Mutant(
            "key term turned over",
            lambda q, k, tables: _query_part(q, tables[0]) + _key_part(k, tables[1]).mT,
            "the second term has keys as its rows. Rows are queries, [b, head, i, j], in both.",
        ),
    ),
    hints=(
        "in: q, k [b, head, length, d], tables (r_q, r_k), each [i, j, d]; out: [b, head, i, j].",
        "two terms, summed up: the query at i with r_q[i, j], and the key at j with r_k[i, j].",
        'einsum(q, r_q, "b head i d, i j d -> b head i j") is the first of them.',
    ),
)
