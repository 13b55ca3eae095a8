"""Lesson 09, exercise 9.2, scale and crop: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor
from torch.nn import functional as F

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.random_samples import random_scale_crop

Draw = tuple[float, int, int]
Size = tuple[int, int]
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


def _only_old_classes(scale_crop: Function) -> None:
    for scale in (0.5, 1.3, 2.0):
        image, semantic, ids = _labelled(12, 18)
        semantic = torch.where(semantic < 9, 0, 13)  # road and cars
        got = _three(scale_crop(image, semantic, ids, (scale, 0, 0), (11, 13)))[1]
        new = sorted(set(got.flatten().tolist()) - {0, 13, 255})
        assert not new, (
            f"a picture of road (0) and cars (13) now holds the class {new[0]}, which nobody drew: "
            "labels are names, and names have no mean. Take the nearest pixel's"
        )
        assert not got.is_floating_point(), "classes must stay whole numbers (int64)"


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
    full = torch.arange(1, 6).repeat_interleave(4).expand(6, 20).clone()
    numbers = _three(scale_crop(image, semantic, full, (1.0, 0, 8), (6, 12)))[2].unique().tolist()
    assert numbers == [1, 2, 3], (
        "in a crop full of the things 3, 4, 5, with no 0 anywhere, they must become 1, 2, 3; "
        f"yours are {numbers}"
    )


def _wrong(kind: str) -> Function:
    """Scale and crop with one mistake."""

    def scale_crop(
        image: Tensor, semantic: Tensor, ids: Tensor, draw: Draw, size: Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        scale, top, left = draw
        if kind == "corner scaled":
            top, left = int(top * scale), int(left * scale)
        if kind == "x first":
            top, left = left, top
        new = [int(side * scale) for side in semantic.shape]
        image = F.interpolate(image[None], new, mode="bilinear", align_corners=False)[0]
        labels = torch.stack([semantic, ids])[None].double()
        if kind == "mixed labels":
            labels = F.interpolate(labels, new, mode="bilinear", align_corners=False)[0]
        else:
            mode = "nearest" if kind == "half a pixel" else "nearest-exact"
            labels = F.interpolate(labels, new, mode=mode)[0]
        low, right = (max(crop - side, 0) for crop, side in zip(size, new, strict=True))
        window = (slice(top, top + size[0]), slice(left, left + size[1]))
        fill = (0, 0) if kind == "filled with road" else (127.5, 255)
        image = F.pad(image, (0, right, 0, low), value=fill[0])[:, window[0], window[1]]
        semantic = F.pad(labels[0], (0, right, 0, low), value=fill[1])[window].round().long()
        ids = F.pad(labels[1], (0, right, 0, low))[window].round().long()
        return image, semantic, _renumbered(ids, kind)

    return scale_crop


def _renumbered(ids: Tensor, kind: str) -> Tensor:
    if kind == "gaps":
        return ids
    if kind == "background counts":
        return ids.unique(return_inverse=True)[1].view(ids.shape) + 1
    kept = ids[ids > 0].unique()
    out = torch.zeros_like(ids)
    for number, old in enumerate(kept.tolist(), start=1):
        out[ids == old] = number
    return out


RANDOM_SCALE_CROP = Exercise(
    key="9.2",
    name="random_scale_crop",
    goal="A",
    solution=random_scale_crop,
    properties=(
        Property("all three have the size of the crop", _size_of_the_crop),
        Property("no class is invented", _only_old_classes),
        Property("labels stay on their pixels", _labels_stay_on_their_pixels),
        Property("where no picture is, there is void, not road", _nothing_is_road),
        Property("things are numbered without gaps", _numbers_without_gaps),
    ),
    probes=tuple(_arguments(*probe) for probe in _PROBES),
    mutants=(
        Mutant(
            "labels mixed",
            _wrong("mixed labels"),
            'the labels were resized like a picture ("bilinear"): between a car (13) and the road '
            '(0) a traffic light (6) appears. Labels take mode="nearest-exact".',
        ),
        Mutant(
            "half a pixel off",
            _wrong("half a pixel"),
            'mode="nearest" counts from the corner of a pixel, "bilinear" with '
            "align_corners=False from its middle. Labels and picture are then half a pixel apart. "
            '"nearest-exact" counts from the middle, too.',
        ),
        Mutant(
            "filled with road",
            _wrong("filled with road"),
            "the place without a picture is filled with 0. As a class, 0 is road, and the network "
            "would learn black road. Void is 255, grey is 127.5.",
        ),
        Mutant(
            "numbers with gaps",
            _wrong("gaps"),
            "things that were cut away leave gaps in the numbers. Number those that are left 1, "
            "2, 3 ... in their old order.",
        ),
        Mutant(
            "background is a thing",
            _wrong("background counts"),
            "0 means: no thing here. It must stay 0 and is not counted.",
        ),
        Mutant(
            "corner scaled, too",
            _wrong("corner scaled"),
            "top and left were multiplied by the scale. They are drawn for the scaled picture: use "
            "them as they are.",
        ),
        Mutant(
            "left, top",
            _wrong("x first"),
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
