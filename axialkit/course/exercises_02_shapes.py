"""Lesson 02, exercises 2.1, 2.2 and 2.4, shapes: what must hold, typical mistakes, hints."""

import torch
from einops import rearrange
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.line import as_columns, as_rows, image_from_columns, split_heads


def _counted(*shape: int) -> Tensor:
    """Return a tensor in which every number is another one: nothing can change places unseen.

    In no order, negative ones among them, none whole: so no sorting or rounding goes unseen either.
    """
    count = int(torch.tensor(shape).prod())
    order = torch.randperm(count, generator=torch.Generator().manual_seed(count))
    return (order - count / 2 + 0.25).reshape(shape)


def _shape(value: Tensor) -> list[int]:
    return list(value.shape)


# ---- 2.1 as_rows


def _rows_have_a_shape(rows: Function) -> None:
    for b, c, h, w in ((2, 3, 4, 5), (1, 2, 5, 3), (3, 1, 2, 1)):
        got, expected = _shape(rows(_counted(b, c, h, w))), [b * h, w, c]
        assert got == expected, f"[{b}, {c}, {h}, {w}] must become {expected}, not {got}"


def _rows_are_rows(rows: Function) -> None:
    x = _counted(2, 3, 4, 5)
    got = rows(x)
    for image, row in ((0, 0), (0, 2), (1, 3)):
        number, expected = image * 4 + row, x[image, :, row].T
        assert torch.equal(got[number], expected), (
            f"sequence {number} must be row {row} of image {image}, pixel by pixel"
        )


AS_ROWS = Exercise(
    key="2.1",
    name="as_rows",
    goal="A",
    solution=as_rows,
    properties=(
        Property("one sequence per row of each image", _rows_have_a_shape),
        Property("each sequence holds the pixels of its row, in order", _rows_are_rows),
    ),
    probes=((_counted(2, 3, 4, 5),), (_counted(1, 2, 5, 3),), (_counted(3, 4, 2, 1),)),
    mutants=(
        Mutant(
            "columns",
            as_columns,
            "these are the columns. In a row the height is fixed, so h joins the batch and w "
            "counts the pixels.",
        ),
        Mutant(
            "batch and rows mixed",
            lambda x: rearrange(x, "b c h w -> (h b) w c"),
            "the first rows of all images come first. In (b h) the right letter runs fastest: all "
            "rows of image 0, then all of image 1.",
        ),
        Mutant(
            "reshaped",
            lambda x: x.reshape(x.shape[0] * x.shape[2], x.shape[3], x.shape[1]),
            "the shape is right, but reshape does not move numbers: channels and pixels are "
            "scrambled. rearrange names what goes where.",
        ),
        Mutant(
            "channels before pixels",
            lambda x: rearrange(x, "b c h w -> (b h) c w"),
            "every sequence is there, but channels and pixels have changed places: a sequence is "
            "[pixel, channel].",
        ),
        Mutant(
            "rows not in the batch",
            lambda x: rearrange(x, "b c h w -> b (h w) c"),
            "this makes one long sequence of all pixels of an image: full attention. The rows have "
            "to join the batch, not each other.",
        ),
    ),
    hints=(
        "in: [b, c, h, w]; out: [b * h, w, c].",
        "what does not take part in a sequence joins the batch: images and rows. What is left is "
        "the pixel's place in the row and its channels.",
        'rearrange(x, "b c h w -> (b h) w c")',
    ),
)


# ---- 2.2 image_from_columns


def _comes_back(back: Function) -> None:
    for b, c, h, w in ((2, 3, 4, 5), (1, 2, 5, 3), (3, 1, 2, 1)):
        x = _counted(b, c, h, w)
        got = back(as_columns(x).contiguous(), b)
        assert _shape(got) == [b, c, h, w], f"expected an image of {_shape(x)}, got {_shape(got)}"
        assert torch.equal(got, x), f"an image of {_shape(x)} does not come back as it was"


IMAGE_FROM_COLUMNS = Exercise(
    key="2.2",
    name="image_from_columns",
    goal="A",
    solution=image_from_columns,
    shown=(as_columns, image_from_columns),
    properties=(Property("an image, cut into columns, comes back", _comes_back),),
    probes=(
        (as_columns(_counted(2, 3, 4, 5)).contiguous(), 2),
        (as_columns(_counted(1, 2, 5, 3)).contiguous(), 1),
        (as_columns(_counted(3, 4, 2, 6)).contiguous(), 3),
    ),
    mutants=(
        Mutant(
            "columns laid flat",
            lambda columns, batch: rearrange(columns, "(b h) w c -> b c h w", b=batch),
            "every column has become a row: the image is turned on its side.",
        ),
        Mutant(
            "images mixed",
            lambda columns, batch: rearrange(columns, "(w b) h c -> b c h w", b=batch),
            "the columns are dealt out to the images in turn. They were packed as (b w): all "
            "columns of image 0 first.",
        ),
        Mutant(
            "reshaped",
            lambda columns, batch: columns.reshape(
                batch, columns.shape[2], columns.shape[1], columns.shape[0] // batch
            ),
            "the shape is right, but reshape does not move numbers: nothing is where it was.",
        ),
        Mutant(
            "batch as the width",
            lambda columns, batch: rearrange(columns, "(b w) h c -> b c h w", w=batch),
            "the number of images is given as the width: w=batch. It is b that is known.",
        ),
        Mutant(
            "channels last",
            lambda columns, batch: rearrange(columns, "(b w) h c -> b h w c", b=batch),
            "all pixels are in their places, but the channels come last. Images are [b, c, h, w].",
        ),
    ),
    hints=(
        "in: [b * w, h, c] and the number of images b; out: [b, c, h, w].",
        "read the pattern of as_columns from right to left. einops has to be told one of the two "
        "letters in (b w).",
        'rearrange(columns, "(b w) h c -> b c h w", b=batch)',
    ),
)


# ---- 2.4 split_heads


def _heads_have_a_shape(split: Function) -> None:
    for n, length, heads, depth in ((2, 5, 3, 4), (3, 1, 2, 1), (1, 4, 1, 6)):
        got = _shape(split(_counted(n, length, heads * depth), heads))
        expected = [n, heads, length, depth]
        assert got == expected, (
            f"[{n}, {length}, {heads * depth}] and {heads} heads must become {expected}, not {got}"
        )


def _heads_are_neighbours(split: Function) -> None:
    x = _counted(2, 5, 12)
    got = split(x, 3)
    for head in range(3):
        expected = x[:, :, 4 * head : 4 * head + 4]
        assert torch.equal(got[:, head], expected), (
            f"with 12 channels and 3 heads, head {head} must hold the channels {4 * head} to "
            f"{4 * head + 3} of every place"
        )


SPLIT_HEADS = Exercise(
    key="2.4",
    name="split_heads",
    goal="C",
    solution=split_heads,
    properties=(
        Property("heads come second, each with its share of the channels", _heads_have_a_shape),
        Property("every head holds neighbouring channels", _heads_are_neighbours),
    ),
    probes=((_counted(2, 5, 12), 3), (_counted(1, 4, 8), 2), (_counted(3, 2, 6), 6)),
    mutants=(
        Mutant(
            "every third channel",
            lambda x, heads: rearrange(x, "n l (d head) -> n head l d", head=heads),
            "the heads take turns: head 0 has the channels 0, heads, 2 heads ... In (head d) the "
            "right letter runs fastest: neighbours stay together.",
        ),
        Mutant(
            "reshaped",
            lambda x, heads: x.reshape(x.shape[0], heads, x.shape[1], x.shape[2] // heads),
            "the shape is right, but reshape mixes places and channels: the heads have to be cut "
            "out first, then moved forward.",
        ),
        Mutant(
            "heads after places",
            lambda x, heads: rearrange(x, "n l (head d) -> n l head d", head=heads),
            "the channels are cut well, but heads and places have changed places: every head is a "
            "sequence, so l and d come last.",
        ),
        Mutant(
            "heads as the depth",
            lambda x, heads: rearrange(x, "n l (head d) -> n head l d", d=heads),
            "the number of heads is given as their depth: d=heads. It is head that is known.",
        ),
        Mutant(
            "heads in the batch",
            lambda x, heads: rearrange(x, "n l (head d) -> (n head) l d", head=heads),
            "a good idea, and many programs do it, but here the heads get an axis of their own.",
        ),
    ),
    hints=(
        "in: [n, l, heads * d] and the number of heads; out: [n, heads, l, d].",
        "on the left of the arrow, brackets cut an axis in two: (head d). Then each letter has its "
        "place on the right.",
        'rearrange(x, "n l (head d) -> n head l d", head=heads)',
    ),
)
