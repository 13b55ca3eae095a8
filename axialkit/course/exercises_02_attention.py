"""Lesson 02, exercises 2.3 and 2.5, attention: what must hold, typical mistakes, hints."""

import torch
from einops import einsum, rearrange
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.line import as_rows, attend, axial_attend, image_from_columns
from axialkit.course.samples import close, draw

# ---- 2.3 attend


def _has_the_shape_of_v(attention: Function) -> None:
    for n, length, depth in ((3, 1, 4), (2, 5, 3)):
        q, k, v = (draw(seed, n, length, depth) for seed in range(3))
        got = list(attention(q, k, v).shape)
        assert got == [n, length, depth], f"expected {[n, length, depth]}, got {got}"


def _one_key(attention: Function) -> None:
    q, k, v = draw(0, 3, 1, 4), draw(1, 3, 1, 4), draw(2, 3, 1, 4)
    assert close(attention(q, k, v), v), "where there is one key only, all attention goes to it"


def _is_a_mean(attention: Function) -> None:
    q, k = draw(0, 2, 5, 4), draw(1, 2, 5, 4)
    got = attention(q, k, torch.full((2, 5, 4), 7.0))
    assert close(got, torch.full((2, 5, 4), 7.0)), (
        f"if all values are 7, so is their mean; yours lies between {float(got.min()):.3g} and "
        f"{float(got.max()):.3g}: the weights of one query do not sum to 1"
    )


def _best_key_wins(attention: Function) -> None:
    k = 6 * torch.eye(4)[None]  # no larger: a plain exp must not overflow
    v = draw(0, 1, 4, 4)
    got = attention(k[:, [2, 0, 0, 3]], k, v)
    assert close(got, v[:, [2, 0, 0, 3]]), (
        "a query that equals one key, and is at right angles to the others, must get that key's "
        "value"
    )


def _half_way(attention: Function) -> None:
    """Two keys, scores 4 and 0: by hand, with sqrt(d) = 2, weights e2 / (e2 + 1)."""
    q, k = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)
    q[..., 0], k[0, 0, 0] = 4.0, 1.0
    v = torch.tensor([[[1.0] * 4, [0.0] * 4]])
    got, expected = float(attention(q, k, v)[0, 0, 0]), float(torch.sigmoid(torch.tensor(2.0)))
    assert abs(got - expected) < 1e-4, (
        f"scores of 4 and 0 at depth 4 give the weights {expected:.3f} and {1 - expected:.3f}; "
        f"yours gives the first {got:.3f}"
    )


def _any_order(attention: Function) -> None:
    q, k, v = draw(0, 2, 6, 4), draw(1, 2, 6, 4), draw(2, 2, 6, 4)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    assert close(attention(q, k, v), attention(q, k[:, order], v[:, order])), (
        "keys and values in another order must not change any answer"
    )


def _scores(q: Tensor, k: Tensor) -> Tensor:
    return einsum(q, k, "n i d, n j d -> n i j")


def _weighted(weights: Tensor, v: Tensor) -> Tensor:
    return einsum(weights, v, "n i j, n j e -> n i e")


def _over_queries(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return _weighted((_scores(q, k) / q.shape[-1] ** 0.5).softmax(dim=-2), v)


ATTEND = Exercise(
    key="2.3",
    name="attend",
    goal="B",
    solution=attend,
    properties=(
        Property("an answer per query, as deep as a value", _has_the_shape_of_v),
        Property("a lonely key gets all attention", _one_key),
        Property("every answer is a mean: its weights sum to 1", _is_a_mean),
        Property("the key that fits best wins", _best_key_wins),
        Property("the order of the keys does not matter", _any_order),
        Property("the scores are divided by the root of the depth", _half_way),
    ),
    probes=(
        (draw(3, 2, 5, 4), draw(4, 2, 5, 4), draw(5, 2, 5, 4)),
        (draw(6, 1, 3, 9), draw(7, 1, 3, 9), draw(8, 1, 3, 9)),
        (draw(9, 3, 1, 2), draw(10, 3, 1, 2), draw(11, 3, 1, 2)),
    ),
    mutants=(
        Mutant(
            "softmax over the queries",
            _over_queries,
            "the softmax runs over the queries (dim -2). Every query shares out its attention "
            "among the keys: dim -1.",
        ),
        Mutant(
            "no root",
            lambda q, k, v: _weighted(_scores(q, k).softmax(dim=-1), v),
            "the scores are not divided. Without 1 / sqrt(d) they grow with the depth, and the "
            "softmax picks a single key.",
        ),
        Mutant(
            "divided by d",
            lambda q, k, v: _weighted((_scores(q, k) / q.shape[-1]).softmax(dim=-1), v),
            "the scores are divided by the depth d, not by its root: the weights come out too "
            "even.",
        ),
        Mutant(
            "weights returned",
            lambda q, k, v: (_scores(q, k) / q.shape[-1] ** 0.5).softmax(dim=-1),
            "these are the weights, and they are right. The answers are still to come: the sum of "
            "the values, weighted.",
        ),
        Mutant(
            "no softmax",
            lambda q, k, v: _weighted(_scores(q, k) / q.shape[-1] ** 0.5, v),
            "the scores themselves are the weights. A softmax makes them positive, and sum to 1.",
        ),
        Mutant(
            "queries and keys swapped",
            lambda q, k, v: attend(k, q, v),
            "the keys ask the queries: q and k have changed places.",
        ),
        Mutant(
            "weights turned",
            lambda q, k, v: einsum(
                (_scores(q, k) / q.shape[-1] ** 0.5).softmax(dim=-1), v, "n j i, n j e -> n i e"
            ),
            "the weights are right, but the values are summed over the wrong axis: the sum has to "
            "run over the keys j, the last axis of the weights.",
        ),
        Mutant(
            "keys as values",
            lambda q, k, v: attend(q, k, k),
            "the answer is a mean of the keys. The values v never come in.",
        ),
    ),
    hints=(
        "in: q, k, v, each [n, length, d]; out: [n, length, d].",
        "three lines: a score for every pair of query and key, divided by the root of d; a softmax "
        "over the keys; a sum of the values, weighted.",
        'scores = einsum(q, k, "n i d, n j d -> n i j") / q.shape[-1] ** 0.5, then '
        'scores.softmax(dim=-1), then einsum(weights, v, "n i j, n j d -> n i d").',
    ),
)


# ---- 2.5 axial_attend


def _same_shape(along: Function) -> None:
    for shape in ((2, 3, 4, 5), (1, 2, 5, 3), (1, 2, 1, 4), (1, 2, 4, 1)):
        for axis in "HW":
            got = list(along(draw(0, *shape), axis).shape)
            assert got == list(shape), f'{list(shape)} along "{axis}" came back as {got}'


def _stays_on_its_line(along: Function) -> None:
    """Change one pixel, and see whose answers change: its column for H, its row for W."""
    x = draw(0, 1, 3, 5, 7)
    for axis in "HW":
        changed = x.clone()
        changed[0, :, 3, 2] += 1.0
        moved = (along(x, axis) - along(changed, axis)).abs().amax(1)[0] > 1e-6
        line = torch.zeros(5, 7, dtype=torch.bool)
        if axis == "H":
            line[:, 2] = True
        else:
            line[3] = True
        where = "column 2" if axis == "H" else "row 3"
        assert torch.equal(moved, line), (
            f'along "{axis}", pixel (3, 2) must be heard by the {int(line.sum())} pixels of '
            f"{where} and by no other; it was heard by {int((moved & line).sum())} of them, and by "
            f"{int((moved & ~line).sum())} elsewhere"
        )


def _images_apart(along: Function) -> None:
    x = draw(0, 2, 3, 4, 5)
    for axis in "HW":
        alone = torch.cat([along(x[:1], axis), along(x[1:], axis)])
        assert close(along(x, axis), alone), "the images of a batch must not hear each other"


def _along_both(x: Tensor, axis: str) -> Tensor:
    return axial_attend(axial_attend(x, axis), "W" if axis == "H" else "H")


def _across_images(x: Tensor, axis: str) -> Tensor:
    line = "h" if axis == "H" else "w"
    other = "w" if axis == "H" else "h"
    sequences = rearrange(x, f"b c h w -> {other} (b {line}) c")
    out = attend(sequences, sequences, sequences)
    return rearrange(out, f"{other} (b {line}) c -> b c h w", b=len(x))


def _all_pixels(x: Tensor, axis: str) -> Tensor:
    pixels = rearrange(x, "b c h w -> b (h w) c")
    out = attend(pixels, pixels, pixels)
    return rearrange(out, "b (h w) c -> b c h w", h=x.shape[2])


AXIAL_ATTEND = Exercise(
    key="2.5",
    name="axial_attend",
    goal="D",
    solution=axial_attend,
    properties=(
        Property("the image keeps its shape", _same_shape),
        Property("a pixel is heard on its own line, and nowhere else", _stays_on_its_line),
        Property("images do not hear each other", _images_apart),
    ),
    probes=(
        (draw(1, 2, 3, 4, 5), "H"),
        (draw(1, 2, 3, 4, 5), "W"),
        (draw(2, 1, 4, 6, 2), "H"),
        (draw(3, 1, 2, 1, 5), "W"),
        (draw(4, 2, 3, 4, 4), "H"),
        (draw(4, 2, 3, 4, 4), "W"),
    ),
    mutants=(
        Mutant(
            "axes swapped",
            lambda x, axis: axial_attend(x, "W" if axis == "H" else "H"),
            "H and W are swapped. H runs along the height, so a pixel hears its column.",
        ),
        Mutant(
            "both axes",
            _along_both,
            "both hops run, one after the other: it is heard everywhere. One hop is enough.",
        ),
        Mutant(
            "full attention",
            _all_pixels,
            "every pixel hears every pixel: rows and columns form one long sequence. What is not "
            "on the line has to join the batch.",
        ),
        Mutant(
            "images in one sequence",
            _across_images,
            "the lines of all images are strung together. Images belong into the batch as well.",
        ),
        Mutant(
            "rows put back as columns",
            lambda x, axis: image_from_columns(_sequences(x, axis), len(x)),
            "rows are put back as if they were columns: along W the picture comes back on its "
            "side. The pattern of as_rows, read backwards, puts rows back.",
        ),
        Mutant(
            "always along H",
            lambda x, axis: axial_attend(x, "H"),
            "the axis makes no difference: this is always attention along the columns.",
        ),
        Mutant(
            "input added",
            lambda x, axis: x + axial_attend(x, axis),
            "the input is added to the answer. Networks do that later; attention alone does not.",
        ),
        Mutant(
            "sequences returned",
            lambda x, axis: _sequences(x, axis),
            "these are the answers, but still as sequences: put them back in their places.",
        ),
    ),
    hints=(
        "in: [b, c, h, w] and a letter; out: [b, c, h, w].",
        "cut into columns (H) or rows (W), attend with the sequences as q, k and v, put them back.",
        "columns = as_columns(x); image_from_columns(attend(columns, columns, columns), len(x)) is "
        "the H half.",
    ),
)


def _sequences(x: Tensor, axis: str) -> Tensor:
    sequences = as_rows(x) if axis == "W" else rearrange(x, "b c h w -> (b w) h c")
    return attend(sequences, sequences, sequences)
