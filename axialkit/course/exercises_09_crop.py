"""Lesson 09, exercise 9.2, scale and crop: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor
from torch.nn import functional as F

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.random_samples import random_scale_crop
from axialkit.course.wrong_crops import Draw, Size, wrong_crop

_PROBES: tuple[tuple[Draw, Size, Size], ...] = (  # draw, size of the crop, of the picture
    ((1.0, 2, 3), (6, 8), (12, 16)),
    ((2.0, 5, 9), (9, 12), (10, 14)),
    ((0.5, 0, 0), (9, 17), (12, 20)),
    ((1.7, 1, 4), (7, 9), (8, 11)),
    ((0.75, 0, 2), (8, 8), (9, 16)),
)


def _labelled(height: int, width: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a picture with blocks of classes and things; numbers have no gaps."""
    random = torch.Generator().manual_seed(seed)
    blocks = torch.randint(19, (height // 2 + 1, width // 3 + 1), generator=random)
    semantic = blocks.repeat_interleave(2, 0).repeat_interleave(3, 1)[:height, :width].clone()
    count = 7
    ids = torch.zeros(height, width, dtype=torch.int64)
    for number in range(1, count + 1):
        x = (number - 1) * width // count
        ids[(number * 3) % max(height - 2, 1) :, x : x + max(width // count, 1)] = number
    return torch.rand(3, height, width, generator=random) * 255, semantic, ids


def _full(draw: Draw, size: Size, of: Size) -> tuple[Tensor, Tensor, Tensor, Draw, Size]:
    """Draw a picture without a place that belongs to no thing."""
    image, semantic, _ = _labelled(*of)
    ids = (torch.arange(of[1]) // 3 + 1).expand(of).clone()
    return image, semantic, ids, draw, size


def _arguments(draw: Draw, size: Size, of: Size) -> tuple[Tensor, Tensor, Tensor, Draw, Size]:
    return *_labelled(*of), draw, size


def _three(got: object) -> tuple[Tensor, Tensor, Tensor]:
    names = "image, semantic, ids"
    assert isinstance(got, tuple | list) and len(got) == 3, f"return three tensors: {names}"
    for name, part in zip(names.split(", "), got, strict=True):
        assert isinstance(part, Tensor), f"{name} is {type(part).__name__}, expected a tensor"
    return tuple(got)


def _size_of_the_crop(scale_crop: Function) -> None:
    for draw, size, of in _PROBES:
        shapes = [list(part.shape) for part in _three(scale_crop(*_arguments(draw, size, of)))]
        wanted = [[3, *size], [*size], [*size]]
        assert shapes == wanted, (
            f"a picture of {of[0]} x {of[1]}, scale {draw[0]}, crop of {size[0]} x {size[1]}: "
            f"expected {wanted}, got {shapes}"
        )


def _kinds_stay(scale_crop: Function) -> None:
    image, semantic, ids = _labelled(10, 14)
    parts = _three(scale_crop(image, semantic, ids, (0.5, 0, 0), (8, 9)))
    names = ("image", "semantic", "ids")
    for name, part, before in zip(names, parts, (image, semantic, ids), strict=True):
        assert part.dtype == before.dtype, (
            f"{name} was given as {before.dtype} and came back as {part.dtype}"
        )


def _only_old_classes(scale_crop: Function) -> None:
    for scale in (0.5, 1.3, 2.0):
        image, semantic, ids = _labelled(12, 18)
        semantic = torch.where(semantic < 9, 0, 13)  # road and cars
        got = _three(scale_crop(image, semantic, ids, (scale, 0, 0), (11, 13)))[1]
        new = sorted(set(got.flatten().tolist()) - {0, 13, 255})
        assert not new, (
            f"a picture of road (0) and cars (13) now holds the class {new[0]}, which nobody drew: "
            "labels are names, and names have no mean. Take the nearest pixel's (and return "
            "image, semantic, ids in this order)"
        )
        assert not got.is_floating_point(), "classes must stay whole numbers (int64)"


def _sides_are_cut_to_whole_numbers(scale_crop: Function) -> None:
    """Scales at which cutting off, rounding and rounding up differ, on both sides."""
    for scale, of in ((1.7, (8, 11)), (0.75, (9, 17)), (1.3, (11, 7))):
        image, semantic, _ = _labelled(*of)
        size = tuple(int(side * scale) + 2 for side in of)
        got = _three(scale_crop(image, semantic, torch.ones(of).long(), (scale, 0, 0), size))[2]
        there = got > 0
        sides = int(there.any(1).sum()), int(there.any(0).sum())
        wanted = tuple(int(side * scale) for side in of)
        assert sides == wanted, (
            f"a picture of {of[0]} x {of[1]}, scale {scale:g}: int(side * scale) makes it "
            f"{wanted[0]} x {wanted[1]}, yours is {sides[0]} x {sides[1]}"
        )


def _labels_stay_on_their_pixels(scale_crop: Function) -> None:
    for scale in (0.5, 2.0, 3.0):
        height, width = 24, 32
        place = torch.arange(width) // 8  # four flat stripes
        semantic = place.expand(height, width).clone()
        image = (60.0 * place).expand(3, height, width).clone()
        ids = torch.zeros(height, width, dtype=torch.int64)
        size = (8, int(width * scale))
        got, classes, _ = _three(scale_crop(image, semantic, ids, (scale, 1, 0), size))
        off = (got[0] / 60 - classes).abs()
        assert float(off.max()) < 0.5 + 1e-4, (
            f"at scale {scale:g} picture and labels have moved against each other, first at "
            f"{(off >= 0.5).nonzero()[0].tolist()}: both must use the same places. With "
            '"bilinear", align_corners=False goes "nearest-exact"'
        )


def _labels_are_the_nearest(scale_crop: Function) -> None:
    """Each column has a class of its own, so a label says where it comes from."""
    image, _, ids = _labelled(8, 18)
    semantic = torch.arange(18).expand(8, 18).clone()
    for scale in (0.5, 1.5):
        new = int(18 * scale)
        got = _three(scale_crop(image, semantic, ids, (scale, 0, 0), (4, new)))[1][0].tolist()
        wanted = [int((x + 0.5) * 18 / new) for x in range(new)]
        wrong = [x for x in range(new) if got[x] != wanted[x]]
        assert not wrong, (
            f"at scale {scale:g} the label of column {wrong[0]} comes from the old column "
            f"{got[wrong[0]]}; the new pixel's middle lies in column {wanted[wrong[0]]}"
        )


def _picture_is_mixed(scale_crop: Function) -> None:
    for scale in (0.5, 1.7):
        image, semantic, ids = _labelled(12, 16)
        size = (int(12 * scale), int(16 * scale))
        got = _three(scale_crop(image, semantic, ids, (scale, 0, 0), size))[0]
        wanted = F.interpolate(image[None], size, mode="bilinear", align_corners=False)[0]
        off = (got - wanted).abs()
        worst = off.flatten().argmax()
        place = [int(i) for i in torch.unravel_index(worst, off.shape)]
        assert float(off.max()) < 0.01, (
            f"at scale {scale:g} the image is {float(got.flatten()[worst]):.1f} at {place}, "
            f"bilinear mixing makes {float(wanted.flatten()[worst]):.1f} of it. Give the new size, "
            'mode="bilinear", align_corners=False, and nothing else'
        )


def _nothing_is_road(scale_crop: Function) -> None:
    image, semantic, ids = _labelled(10, 12)
    got = _three(scale_crop(image, semantic, ids, (0.5, 0, 0), (8, 9)))
    outside = torch.ones(8, 9, dtype=torch.bool)
    outside[:5, :6] = False
    for name, part, value in zip(("semantic", "ids"), got[1:], (255, 0), strict=True):
        found = part[outside].unique().tolist()
        assert found == [value], (
            f"below and right of the smaller picture, {name} must be {value}, not {found[:4]}"
        )
    found = got[0][:, outside].unique().tolist()
    assert found == [127.5], f"there the image must be grey, 127.5, not {found[:4]}"


def _numbers_without_gaps(scale_crop: Function) -> None:
    image, semantic, _ = _labelled(6, 20)
    ids = torch.zeros(6, 20, dtype=torch.int64)
    for number in range(1, 6):
        ids[:, 4 * number - 4 : 4 * number - 1] = number
    got = _three(scale_crop(image, semantic, ids, (1.0, 0, 8), (6, 12)))[2]
    numbers = got.unique().tolist()
    assert numbers == [0, 1, 2, 3], (
        f"things 3, 4, 5 are left in the crop and must become 1, 2, 3; yours are {numbers}"
    )
    expected = torch.where(ids > 2, ids - 2, 0)[:, 8:]
    assert torch.equal(got, expected), "the order must stay: 3, 4, 5 become 1, 2, 3"


def _numbers_in_order(scale_crop: Function) -> None:
    image, semantic, _ = _labelled(6, 12)
    for old, widths in (((3, 4, 5), (4, 4, 4)), ((5, 3, 4), (4, 2, 6))):  # no 0 anywhere
        ids = torch.tensor(old).repeat_interleave(torch.tensor(widths)).expand(6, 12).clone()
        got = _three(scale_crop(image, semantic, ids, (1.0, 0, 0), (6, 12)))[2]
        new = [got[ids == number].unique().tolist() for number in old]
        assert new == [[number - 2] for number in old], (
            f"a crop is full of the things {old[0]}, {old[1]} and {old[2]}, from left to right, "
            f"with no 0 anywhere: they must become {old[0] - 2}, {old[1] - 2}, {old[2] - 2}; yours "
            f"become {', '.join(str(each)[1:-1] for each in new)}"
        )


RANDOM_SCALE_CROP = Exercise(
    key="9.2",
    name="random_scale_crop",
    goal="A",
    solution=random_scale_crop,
    properties=(
        Property("all three have the size of the crop", _size_of_the_crop),
        Property("no class is invented", _only_old_classes),
        Property("kinds of numbers stay", _kinds_stay),
        Property("labels stay on their pixels", _labels_stay_on_their_pixels),
        Property("labels are those of the nearest pixels", _labels_are_the_nearest),
        Property("where no picture is, there is void, not road", _nothing_is_road),
        Property("things are numbered without gaps", _numbers_without_gaps),
        Property("things are numbered in their old order", _numbers_in_order),
        Property("the sides are int(side * scale)", _sides_are_cut_to_whole_numbers),
        Property("colors are mixed", _picture_is_mixed),
    ),
    probes=(
        *(_arguments(*probe) for probe in _PROBES),
        _full((1.3, 2, 4), (6, 5), (11, 7)),  # 14.3 and 9.1 are cut off, and rounded down
    ),
    mutants=(
        Mutant(
            "labels mixed",
            wrong_crop("mixed labels"),
            'the labels were resized like a picture ("bilinear"): between a car (13) and the road '
            '(0) a traffic light (6) appears. Labels take mode="nearest-exact".',
        ),
        Mutant(
            "half a pixel off",
            wrong_crop("half a pixel"),
            'mode="nearest" counts from the corner of a pixel, "bilinear" with '
            "align_corners=False from its middle. Labels and picture are then half a pixel apart. "
            '"nearest-exact" counts from the middle, too.',
        ),
        Mutant(
            "filled with road",
            wrong_crop("filled with road"),
            "the place without a picture is filled with 0. As a class, 0 is road, and the network "
            "would learn black road. Void is 255, grey is 127.5.",
        ),
        Mutant(
            "numbers with gaps",
            wrong_crop("gaps"),
            "things that were cut away leave gaps in the numbers. Number those that are left 1, "
            "2, 3 ... in their old order.",
        ),
        Mutant(
            "background is a thing",
            wrong_crop("background counts"),
            "0 means: no thing here. It must stay 0 and is not counted.",
        ),
        Mutant(
            "the first taken for 0",
            wrong_crop("first dropped"),
            "the smallest number in the crop is left out, as if it were 0, no thing. In a crop "
            "full of things there is no 0. Number ids[ids > 0].unique().",
        ),
        Mutant(
            "corner scaled, too",
            wrong_crop("corner scaled"),
            "top and left were multiplied by the scale. They are drawn for the scaled picture: use "
            "them as they are.",
        ),
        Mutant(
            "left, top",
            wrong_crop("x first"),
            "top and left are exchanged. The draw is (scale, top, left): y comes first.",
        ),
    ),
    hints=(
        "image [3, h, w] becomes [3, *size]; semantic and ids [h, w] become size, int64.",
        "new = int(side * scale) for both sides; resize (F.interpolate wants a batch axis, and "
        "floats); fill below and right up to the crop (F.pad); cut out top : top + size[0] and "
        "left : left + size[1]; number the ids that are left anew.",
        'F.interpolate(x[None, None].double(), new, mode="nearest-exact")[0, 0].long() resizes '
        "labels; F.pad(x, (0, right, 0, below), value=255) fills; for new ids, loop over "
        "enumerate(ids[ids > 0].unique(), start=1).",
    ),
)
