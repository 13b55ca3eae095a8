"""Lesson 04, exercises 4.1 to 4.3, the position terms: what must hold, typical mistakes, hints."""

import torch
from einops import einsum
from torch import Tensor

from axialkit.attention.positions import look_up
from axialkit.attention.reference import (
    key_position_logits,
    query_position_logits,
    retrieved_position,
)
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import close, draw


def vectors(seed: int, length: int, depth: int) -> Tensor:
    """Draw a table and look it up: one vector per pair, ``[i, j, d]``."""
    return look_up(draw(seed, 2 * length + 3, depth), length)


def _one_vector(length: int, depth: int, i: int, j: int) -> Tensor:
    """Return vectors that are zero but for the pair (i, j), where they are all ones."""
    r = torch.zeros(length, length, depth)
    r[i, j] = 1.0
    return r


_SIZES = ((2, 3, 5, 4), (1, 2, 7, 9), (2, 1, 1, 4))
_PROBES = tuple((draw(n, *size), vectors(n + 50, *size[2:])) for n, size in enumerate(_SIZES))


def _gives_maps(logits: Function) -> None:
    for b, heads, length, d in ((2, 3, 5, 4), (1, 1, 6, 2), (2, 2, 1, 3)):
        got = list(logits(draw(0, b, heads, length, d), vectors(1, length, d)).shape)
        wanted = [b, heads, length, length]
        assert got == wanted, f"expected {wanted}: a score for every query and key, got {got}"


def _doubles(logits: Function) -> None:
    x, r = draw(0, 1, 2, 5, 4), vectors(1, 5, 4)
    assert close(logits(2 * x, r), 2 * logits(x, r)), (
        "vectors of twice the length must give scores twice as large: no softmax, and nothing added"
    )


def _is_a_sum(logits: Function) -> None:
    got = float(logits(torch.ones(1, 1, 3, 4), torch.ones(3, 3, 4))[0, 0, 0, 0])
    assert abs(got - 4) < 1e-4, (
        f"with all numbers 1 and depth 4 a dot product is 4, yours is {got:.4g}: it is a plain "
        "sum, not divided by anything"
    )


# ---- 4.1 logits_qr


def _asks_the_query(logits: Function) -> None:
    q = torch.arange(1.0, 6.0)[None, None, :, None].expand(1, 1, 5, 2)  # query i holds i + 1
    got = logits(q, _one_vector(5, 2, i=3, j=1))
    wanted = torch.zeros(1, 1, 5, 5)
    wanted[..., 3, 1] = 2 * 4.0
    place = int(got[0, 0].abs().argmax())
    assert close(got, wanted), (
        "where only the pair (3, 1) has a vector, only the score [3, 1] may differ from 0, and it "
        f"must be the product with query 3, which is 8; your largest is at "
        f"[{place // 5}, {place % 5}]: {float(got[0, 0].abs().max()):.4g}"
    )


LOGITS_QR = Exercise(
    key="4.1",
    name="logits_qr",
    goal="A",
    solution=query_position_logits,
    properties=(
        Property("a score for every query and key", _gives_maps),
        Property("scores grow with the query", _doubles),
        Property("the vector of a pair meets the query of that pair", _asks_the_query),
        Property("it is a dot product, as it is", _is_a_sum),
    ),
    probes=_PROBES,
    mutants=(
        Mutant(
            "distances turned around",
            lambda q, r: einsum(q, r, "b head i d, j i d -> b head i j"),
            "the vector of the pair (j, i) is used for the pair (i, j): what lies to the right "
            "counts as left. In the pattern of r the query comes first: i j d.",
        ),
        Mutant(
            "the key is asked",
            lambda q, r: einsum(q, r, "b head j d, i j d -> b head i j"),
            "each pair takes the vector of q at the KEY's place j. It is the query i that chooses.",
        ),
        Mutant(
            "divided by the root",
            lambda q, r: query_position_logits(q, r) / q.shape[-1] ** 0.5,
            "the scores are divided by the root of the depth. That was lesson 02; here a batch "
            "norm sees to it, later.",
        ),
        Mutant(
            "averaged",
            lambda q, r: query_position_logits(q, r) / q.shape[-1],
            "the products are averaged over the depth. A dot product is their sum.",
        ),
        Mutant(
            "softmax too early",
            lambda q, r: query_position_logits(q, r).softmax(dim=-1),
            "these are weights already. The softmax comes once, after all terms are added.",
        ),
        Mutant(
            "one vector for all queries",
            lambda q, r: einsum(q, r[0], "b head i d, j d -> b head i j"),
            "all queries use the vectors of query 0: that is where a key IS, not how far away. "
            "Every query i has its own line r[i].",
        ),
        Mutant(
            "turned over",
            lambda q, r: einsum(q, r, "b head i d, i j d -> b head j i"),
            "the numbers are right, but rows and columns are exchanged: queries come first, "
            "[b, head, i, j].",
        ),
    ),
    hints=(
        "in: q [b, head, i, d] and r [i, j, d]; out: [b, head, i, j].",
        "for every pair (i, j), the dot product of query i with the vector of the pair.",
        'return einsum(q, r, "b head i d, i j d -> b head i j")',
    ),
)


# ---- 4.2 logits_kr


def _asks_the_key(logits: Function) -> None:
    k = torch.arange(1.0, 6.0)[None, None, :, None].expand(1, 1, 5, 2)  # key j holds j + 1
    got = logits(k, _one_vector(5, 2, i=3, j=1))
    wanted = torch.zeros(1, 1, 5, 5)
    wanted[..., 3, 1] = 2 * 2.0
    assert close(got, wanted), (
        "where only the pair (3, 1) has a vector, only the score [3, 1] may differ from 0, and it "
        f"must be the product with key 1, which is 4; your [3, 1] is {float(got[0, 0, 3, 1]):.4g}, "
        f"your [1, 3] is {float(got[0, 0, 1, 3]):.4g}"
    )


LOGITS_KR = Exercise(
    key="4.2",
    name="logits_kr",
    goal="A",
    solution=key_position_logits,
    properties=(
        Property("a score for every query and key", _gives_maps),
        Property("scores grow with the key", _doubles),
        Property("the vector of a pair meets the key of that pair", _asks_the_key),
        Property("it is a dot product, as it is", _is_a_sum),
    ),
    probes=_PROBES,
    mutants=(
        Mutant(
            "the query is asked",
            lambda k, r: einsum(k, r, "b head i d, i j d -> b head i j"),
            "this is the term of exercise 4.1: each pair takes the vector at the QUERY's place i. "
            "Here it is the key j that speaks.",
        ),
        Mutant(
            "turned over",
            lambda k, r: einsum(k, r, "b head j d, i j d -> b head j i"),
            "a transpose is missing: the rows of your result are keys. They have to be queries, "
            "[b, head, i, j], as in the other terms: else the sum mixes pairs.",
        ),
        Mutant(
            "distances turned around",
            lambda k, r: einsum(k, r, "b head j d, j i d -> b head i j"),
            "the vector of the pair (j, i) is used for the pair (i, j). The distance is counted "
            "from the query to the key in this term, too: r[i, j].",
        ),
        Mutant(
            "divided by the root",
            lambda k, r: key_position_logits(k, r) / k.shape[-1] ** 0.5,
            "the scores are divided by the root of the depth: not here.",
        ),
        Mutant(
            "averaged",
            lambda k, r: key_position_logits(k, r) / k.shape[-1],
            "the products are averaged over the depth. A dot product is their sum.",
        ),
        Mutant(
            "softmax too early",
            lambda k, r: key_position_logits(k, r).softmax(dim=-1),
            "these are weights already. The softmax comes once, after all terms are added.",
        ),
        Mutant(
            "one vector for all queries",
            lambda k, r: (
                einsum(k, r[0], "b head j d, j d -> b head j").unsqueeze(2)
                + 0 * key_position_logits(k, r)
            ),
            "all queries get the same scores: the vectors r[0] belong to query 0 alone.",
        ),
    ),
    hints=(
        "in: k [b, head, j, d] and r [i, j, d]; out: [b, head, i, j].",
        "for every pair (i, j), the dot product of KEY j with the vector of the pair.",
        'return einsum(k, r, "b head j d, i j d -> b head i j")',
    ),
)


# ---- 4.3 value_rel


def _gives_vectors(value: Function) -> None:
    for b, heads, length, d in ((2, 3, 5, 4), (1, 1, 6, 2), (2, 2, 1, 3)):
        weights = draw(0, b, heads, length, length).softmax(-1)
        got = list(value(weights, vectors(1, length, d)).shape)
        wanted = [b, heads, length, d]
        assert got == wanted, f"expected {wanted}: a vector for every query, got {got}"


def _finds_the_one(value: Function) -> None:
    """All weight on one key: the answer is that pair's vector."""
    r, chosen = vectors(1, 5, 3), torch.tensor([2, 0, 4, 4, 1])
    weights = torch.nn.functional.one_hot(chosen, 5).float()[None, None]
    got = value(weights, r)
    assert close(got[0, 0], r[torch.arange(5), chosen]), (
        "if query 0 puts all its weight on key 2, it must get the vector r[0, 2], and so on for "
        "each query"
    )


def _is_a_mean(value: Function) -> None:
    weights = draw(0, 1, 2, 5, 5).softmax(-1)
    got = value(weights, torch.full((5, 5, 3), 7.0))
    assert close(got, torch.full((1, 2, 5, 3), 7.0)), (
        f"if all vectors are 7, so is their mean; yours lies between {float(got.min()):.3g} and "
        f"{float(got.max()):.3g}: sum over the keys, with the weights"
    )


_VALUE_PROBES = tuple(
    (draw(seed, b, heads, length, length).softmax(-1), vectors(seed + 50, length, d))
    for seed, (b, heads, length, d) in enumerate(((2, 3, 5, 4), (1, 2, 7, 7), (2, 1, 1, 4)))
)

VALUE_REL = Exercise(
    key="4.3",
    name="value_rel",
    goal="A",
    solution=retrieved_position,
    properties=(
        Property("a vector for every query", _gives_vectors),
        Property("all weight on one key gives its vector", _finds_the_one),
        Property("it is a mean under the weights", _is_a_mean),
    ),
    probes=_VALUE_PROBES,
    mutants=(
        Mutant(
            "distances turned around",
            lambda w, r: einsum(w, r, "b head i j, j i d -> b head i d"),
            "the vector of the pair (j, i) stands where (i, j) belongs: left and right are "
            "exchanged. In r the query comes first: i j d.",
        ),
        Mutant(
            "summed over the queries",
            lambda w, r: einsum(w, r, "b head j i, j i d -> b head i d"),
            "the sum runs over the queries. It has to run over the keys j, for every query i.",
        ),
        Mutant(
            "weights turned over",
            lambda w, r: einsum(w, r, "b head j i, i j d -> b head i d"),
            "the weights are read the wrong way round: w[i, j] is what query i takes of key j.",
        ),
        Mutant(
            "without the weights",
            lambda w, r: r.mean(1).expand(*w.shape[:2], -1, -1),
            "all keys count alike: the weights do not come in.",
        ),
        Mutant(
            "one vector for all queries",
            lambda w, r: einsum(w, r[0], "b head i j, j d -> b head i d"),
            "all queries use the vectors of query 0. Every query i has its own line r[i].",
        ),
        Mutant(
            "divided once more",
            lambda w, r: retrieved_position(w, r) / w.shape[-1],
            "the sum is divided by the number of keys. The weights sum to 1 already.",
        ),
        Mutant(
            "not summed",
            lambda w, r: einsum(w, r, "b head i j, i j d -> b head i j d"),
            "every key's share is there, but the sum over the keys is missing.",
        ),
    ),
    hints=(
        "in: weights [b, head, i, j] and r [i, j, d]; out: [b, head, i, d].",
        "for every query i, the mean of the vectors of its pairs, under its weights.",
        'return einsum(weights, r, "b head i j, i j d -> b head i d")',
    ),
)
