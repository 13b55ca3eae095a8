"""Lesson 09, exercise 9.1, mirror a sample: what must hold, typical mistakes, hints."""

from collections.abc import Callable

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.random_samples import flip_sample

Sample = tuple[Tensor, Tensor, Tensor, Tensor]


def _sample(height: int, width: int, seed: int = 0) -> Sample:
    """Draw a picture and targets of random numbers."""
    random = torch.Generator().manual_seed(seed)
    return (
        torch.rand(3, height, width, generator=random) * 255,
        torch.randint(19, (height, width), generator=random),
        torch.rand(height, width, generator=random),
        torch.randn(2, height, width, generator=random) * 9,
    )


def _typed(sample: Sample, label: torch.dtype, real: torch.dtype) -> Sample:
    image, semantic, center, offset = sample
    return image.to(real), semantic.to(label), center.to(real), offset.to(real)


def _four(got: object) -> Sample:
    """Say in a sentence if an answer is not four tensors."""
    names = "image, semantic, center, offset"
    assert isinstance(got, tuple | list) and len(got) == 4, f"return four tensors: {names}"
    for name, part in zip(names.split(", "), got, strict=True):
        assert isinstance(part, Tensor), f"{name} is {type(part).__name__}, expected a tensor"
    return tuple(got)


# ---- 9.1 flip_sample


def _pictures_mirrored(flip: Function) -> None:
    given = _sample(5, 8)
    got = _four(flip(*given))
    for name, part, before in zip(("image", "semantic", "center"), got, given, strict=False):
        assert part.shape == before.shape, f"{name} {list(before.shape)} became {list(part.shape)}"
        assert torch.equal(part, before.flip(-1)), (
            f"{name}: column 0 must become the last column; rows and colors stay where they are"
        )


def _arrows_still_end_at_the_center(flip: Function) -> None:
    offset = torch.zeros(2, 4, 9)
    offset[:, 1, 2] = torch.tensor([2.0, 3.0])  # from (1, 2) to the center (3, 5)
    _, _, _, got = _four(flip(*_sample(4, 9)[:3], offset))
    assert list(got.shape) == [2, 4, 9], f"offset [2, 4, 9] became {list(got.shape)}"
    where = [tuple(place) for place in got.abs().sum(0).nonzero().tolist()]
    found = f"starts at {where[0]}" if len(where) == 1 else f"has become {len(where)} arrows"
    assert where == [(1, 6)], f"the pixel (1, 2) moves to (1, 6); your only arrow {found}"
    dy, dx = got[:, 1, 6].tolist()
    assert (dy, dx) == (2.0, -3.0), (
        f"the center (3, 5) moves to (3, 3). From (1, 6) your arrow (dy, dx) = ({dy:g}, {dx:g}) "
        f"ends at ({1 + dy:g}, {6 + dx:g})"
    )


def _twice_is_nothing(flip: Function) -> None:
    given = _sample(3, 7, seed=2)
    for name, after, before in zip(
        ("image", "semantic", "center", "offset"), _four(flip(*_four(flip(*given)))), given,
        strict=True,
    ):  # fmt: skip
        assert torch.equal(after, before), f"mirrored twice, {name} must be what it was"


def _kinds_stay(flip: Function) -> None:
    for label, real in ((torch.uint8, torch.float32), (torch.int64, torch.float64)):
        given = _typed(_sample(2, 3), label, real)
        names = ("image", "semantic", "center", "offset")
        for name, part, before in zip(names, _four(flip(*given)), given, strict=True):
            assert part.dtype == before.dtype, f"{name}: {before.dtype} became {part.dtype}"


def _with_offset(change: Callable[[Tensor], Tensor]) -> Function:
    """Mirror all but the offsets, to which something else happens."""

    def flip(image: Tensor, semantic: Tensor, center: Tensor, offset: Tensor) -> Sample:
        return image.flip(-1), semantic.flip(-1), center.flip(-1), change(offset)

    return flip


def _signs(dy: int, dx: int) -> Tensor:
    return torch.tensor([dy, dx]).view(2, 1, 1)


FLIP_SAMPLE = Exercise(
    key="9.1",
    name="flip_sample",
    goal="A",
    solution=flip_sample,
    properties=(
        Property("image, classes and heat are mirrored", _pictures_mirrored),
        Property("every arrow still ends at its center", _arrows_still_end_at_the_center),
        Property("twice is nothing", _twice_is_nothing),
        Property("the kinds of numbers stay", _kinds_stay),
    ),
    probes=(_sample(4, 7), _sample(3, 2, seed=1), _sample(1, 2, seed=2)),
    mutants=(
        Mutant(
            "the sign forgotten",
            _with_offset(lambda o: o.flip(-1)),
            "the arrows moved to the other side, but they still point in the old direction: a "
            "center that was 3 to the right is now 3 to the left. It costs nearly all things: "
            "with TRUE answers of all heads the PQ of the things falls from 100 to below 10 on "
            "mirrored avenue scenes. And no error message ever comes. Change the sign of dx.",
        ),
        Mutant(
            "the sign of dy",
            _with_offset(lambda o: o.flip(-1) * _signs(-1, 1)),
            "dy changed its sign. Mirroring left and right leaves up and down alone: it is dx, "
            "channel 1.",
        ),
        Mutant(
            "both signs",
            _with_offset(lambda o: o.flip(-1) * _signs(-1, -1)),
            "both numbers changed their signs. Only dx does: up stays up.",
        ),
        Mutant(
            "dy and dx exchanged",
            _with_offset(lambda o: o.flip(0).flip(-1)),
            "dy and dx have changed places. Up and down stays as it is; dx changes its sign.",
        ),
        Mutant(
            "arrows left where they were",
            _with_offset(lambda o: o * _signs(1, -1)),
            "dx has its new sign, but the map of arrows itself was not mirrored.",
        ),
        Mutant(
            "offsets untouched",
            _with_offset(lambda o: o.clone()),
            "the offsets are as before. Each arrow has to move to the other side, and dx has to "
            "change its sign.",
        ),
        Mutant(
            "upside down",
            lambda i, s, c, o: (i.flip(-2), s.flip(-2), c.flip(-2), o.flip(-2) * _signs(-1, 1)),
            "the picture stands on its head. Left and right is the last axis, -1.",
        ),
        Mutant(
            "the picture alone",
            lambda i, s, c, o: (i.flip(-1), s.clone(), c.clone(), o.clone()),
            "only the image is mirrored. Then every label lies on the wrong pixel.",
        ),
    ),
    hints=(
        "in and out: image [3, h, w], semantic [h, w], center [h, w], offset [2, h, w].",
        "x.flip(-1) mirrors the last axis. In the offsets that moves the arrows; then turn each "
        "of them around: dx, which is channel 1, gets the other sign.",
        "offset.flip(-1) * torch.tensor([1, -1]).view(2, 1, 1) is the last of the four.",
    ),
)
