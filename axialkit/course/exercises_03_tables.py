"""Lesson 03, exercises 3.1 and 3.2, index and table: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor

from axialkit.course.distances import lookup_rel, relative_index
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import draw

# ---- 3.1 relative_index

_SIZES = ((4, 4), (3, 5), (5, 3), (1, 6), (6, 1), (1, 1), (17, 40), (2, 700))


def _index_has_a_shape(index: Function) -> None:
    for lq, lk in _SIZES:
        got = list(index(lq, lk).shape)
        assert got == [lq, lk], f"{lq} queries and {lk} keys must give [{lq}, {lk}], not {got}"


def _a_step_is_a_row(index: Function) -> None:
    for lq, lk in _SIZES:
        got = index(lq, lk)
        steps = got[:, 1:] - got[:, :-1] == 1
        if steps.all():
            continue
        query = int((~steps.all(dim=1)).nonzero()[0])
        raise AssertionError(
            f"for {lq} queries and {lk} keys: the next key to the right must use the next row, "
            f"everywhere; yours, for query {query}: {got[query, :6].tolist()}"
        )


def _moves_together(index: Function) -> None:
    for lq, lk in _SIZES:
        got = index(lq, lk)
        assert (got[1:, 1:] == got[:-1, :-1]).all(), (
            f"for {lq} queries and {lk} keys: if query and key both move by one, their distance "
            "stays, and so must the row"
        )


def _rows_start_at_zero(index: Function) -> None:
    for lq, lk in _SIZES:
        got = index(lq, lk)
        low, high = int(got.min()), int(got.max())
        assert (low, high) == (0, lq + lk - 2), (
            f"{lq} queries and {lk} keys have {lq + lk - 1} distances: rows 0 to {lq + lk - 2}; "
            f"yours run from {low} to {high}"
        )


def _distance(lq: int, lk: int) -> Tensor:
    return torch.arange(lk)[None, :] - torch.arange(lq)[:, None]


RELATIVE_INDEX = Exercise(
    key="3.1",
    name="relative_index",
    goal="A",
    solution=relative_index,
    properties=(
        Property("a row number for every query and key", _index_has_a_shape),
        Property("one key further to the right, one row further", _a_step_is_a_row),
        Property("pairs at the same distance share a row", _moves_together),
        Property("the rows in use begin at 0, and none is left out", _rows_start_at_zero),
    ),
    probes=((4, 4), (3, 5), (5, 3), (1, 6), (6, 1), (1, 1), (9, 23)),
    mutants=(
        Mutant(
            "query minus key",
            lambda lq, lk: lk - 1 - _distance(lq, lk),
            "this is i - j: left and right are swapped. The distance is where the key lies, seen "
            "from the query: j - i.",
        ),
        Mutant(
            "no shift",
            _distance,
            "these are the distances j - i, and some are negative. A table has no negative rows: "
            "add what makes the smallest one 0.",
        ),
        Mutant(
            "off by one",
            lambda lq, lk: _distance(lq, lk) + lq,
            "every row is one too far. The smallest distance is that of the last query, lq - 1, to "
            "key 0: add lq - 1, not lq.",
        ),
        Mutant(
            "shifted by the keys",
            lambda lq, lk: _distance(lq, lk) + lk - 1,
            "shifted by lk - 1. The smallest distance is 0 - (lq - 1): it depends on how many "
            "queries there are.",
        ),
        Mutant(
            "without a direction",
            lambda lq, lk: _distance(lq, lk).abs(),
            "|j - i| does not tell left from right: 2 to the left and 2 to the right share a row.",
        ),
        Mutant(
            "clipped at zero",
            lambda lq, lk: _distance(lq, lk).clamp(min=0),
            "all keys to the left share row 0: negative distances are clipped. Shift them all.",
        ),
        Mutant(
            "keys down",
            lambda lq, lk: relative_index(lq, lk).T,
            "keys run down and queries across. A row of the matrix belongs to one query.",
        ),
        Mutant(
            "a row per pair",
            lambda lq, lk: torch.arange(lq * lk).reshape(lq, lk),
            "every pair gets a row of its own. Pairs at the same distance have to share one.",
        ),
    ),
    hints=(
        "in: two whole numbers; out: whole numbers [lq, lk].",
        "the places of the queries as a column, those of the keys as a row: a difference of the "
        "two is a matrix. Then make its smallest number 0.",
        "torch.arange(lk)[None, :] - torch.arange(lq)[:, None] is j - i; add lq - 1.",
    ),
)


# ---- 3.2 lookup_rel


def _vector_per_pair(lookup: Function) -> None:
    for lq, lk, depth in ((4, 4, 3), (3, 5, 2), (1, 6, 1), (6, 1, 9), (1, 1, 4)):
        table = draw(0, lq + lk - 1, depth)
        got = list(lookup(table, relative_index(lq, lk)).shape)
        assert got == [lq, lk, depth], (
            f"{lq} queries, {lk} keys and {depth} channels must give [{lq}, {lk}, {depth}], "
            f"not {got}"
        )


def _scattered(seed: int, rows: int, lq: int, lk: int) -> Tensor:
    """Return an index that follows no rule: only reading it tells."""
    return torch.randint(rows, (lq, lk), generator=torch.Generator().manual_seed(seed))


def _reads_the_index(lookup: Function) -> None:
    for seed, (lq, lk) in enumerate(((4, 4), (3, 5), (2, 1))):
        table, idx = draw(seed, 7, 3), _scattered(seed, 7, lq, lk)
        got = lookup(table, idx)
        for i in range(lq):
            for j in range(lk):
                assert torch.equal(got[i, j], table[int(idx[i, j])]), (
                    f"where idx says {int(idx[i, j])}, for query {i} and key {j}, must stand row "
                    f"{int(idx[i, j])} of the table"
                )


def _all_pairs_teach(lookup: Function) -> None:
    table = draw(1, 7, 2).requires_grad_()
    got = lookup(table, relative_index(4, 4))
    gradient = None
    if got.requires_grad:
        (gradient,) = torch.autograd.grad(got.sum(), table, allow_unused=True)
    assert gradient is not None, "no gradient reaches the table, so a network could not learn it"
    taught = gradient[:, 0].tolist()
    assert taught == [1, 2, 3, 4, 3, 2, 1], (
        f"each row must learn from all its pairs, 1, 2, 3, 4, 3, 2, 1 of them; yours: {taught}"
    )


LOOKUP_REL = Exercise(
    key="3.2",
    name="lookup_rel",
    goal="B",
    solution=lookup_rel,
    properties=(
        Property("a vector for every query and key", _vector_per_pair),
        Property("every pair gets the row that idx names", _reads_the_index),
        Property("a row learns from all pairs that share it", _all_pairs_teach),
    ),
    probes=(
        (draw(2, 7, 3), relative_index(4, 4)),
        (draw(3, 7, 2), relative_index(3, 5)),
        (draw(4, 9, 9), _scattered(5, 9, 4, 2)),
        (draw(5, 5, 4), _scattered(6, 5, 3, 3)),
    ),
    mutants=(
        Mutant(
            "index turned",
            lambda table, idx: table[idx.T],
            "queries and keys have changed places: a key on the left gets the vector of one on the "
            "right.",
        ),
        Mutant(
            "channels first",
            lambda table, idx: table.T[:, idx],
            "all vectors are there, but their channels stand first: [d, lq, lk]. Some programs "
            "do it so; here they come last.",
        ),
        Mutant(
            "one long list",
            lambda table, idx: table[idx.flatten()],
            "the vectors are right, but as one long list. The shape of idx says how they belong: "
            "[lq, lk, d].",
        ),
        Mutant(
            "table backwards",
            lambda table, idx: table.flip(0)[idx],
            "the table is read from its end: left and right are swapped.",
        ),
        Mutant(
            "own index",
            lambda table, idx: table[_distance(*idx.shape) % len(table)],
            "idx is not used: the rows are j - i. idx already is the number of a row.",
        ),
        Mutant(
            "one row too early",
            lambda table, idx: table[idx - 1],
            "every pair gets the row before its own. Python counts from 0, and so does idx.",
        ),
        Mutant(
            "channels summed",
            lambda table, idx: table[idx].sum(dim=-1),
            "the channels are summed up. A pair has a whole vector, not a number.",
        ),
    ),
    hints=(
        "in: table [rows, d] and idx [lq, lk]; out: [lq, lk, d].",
        "PyTorch takes a tensor of whole numbers as an index, and every number of it is replaced "
        "by what stands there.",
        "t[idx], with t a tensor, picks rows: t[torch.tensor([[2, 0]])] is [[t[2], t[0]]].",
    ),
)
