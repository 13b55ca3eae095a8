"""Lesson 12, exercise 12.1, weights as whole numbers: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.quantising import dequantise, quantise
from axialkit.course.samples import draw

_SHAPES = ((4, 3), (3, 5, 1, 2), (1, 7), (5, 1))


def _two_tensors(store: Function) -> None:
    for shape in _SHAPES:
        got = store(draw(0, *shape), 8)
        assert isinstance(got, tuple | list) and len(got) == 2, "return two things: codes, scale"
        assert all(isinstance(part, Tensor) for part in got), "both are tensors: codes, scale"
        codes, scale = got
        assert codes.dtype == torch.int8, f"codes are torch.int8, yours are {codes.dtype}"
        assert codes.shape == torch.Size(shape), (
            f"weights {list(shape)} have codes {list(shape)}, yours are {list(codes.shape)}"
        )
        assert scale.shape == torch.Size(shape[:1]), (
            f"weights {list(shape)} have {shape[0]} output channels, so as many scales; yours are "
            f"{list(scale.shape)}"
        )
    scale = store(draw(0, 2, 3).double(), 8)[1]
    assert scale.dtype == torch.float64, (
        f"scales have the type of the weights; doubles were given, your scales are {scale.dtype}"
    )


def _within_the_range(store: Function) -> None:
    for bits in (2, 4, 8):
        largest = 2 ** (bits - 1) - 1
        weight = draw(1, 6, 9)
        weight[0, 0], weight[1, 1] = 5.0, -5.0
        codes = store(weight, bits)[0]
        low, high = int(codes.min()), int(codes.max())
        assert -largest <= low and high <= largest, (
            f"{bits} bits: codes reach from {-largest} to {largest}, yours from {low} to {high}"
        )
        tops = codes.abs().amax(dim=1).tolist()
        assert tops == [largest] * 6, (
            f"{bits} bits: in every output channel the largest weight becomes {largest} (or "
            f"{-largest}); your channels reach {tops}"
        )


def _half_a_step(store: Function) -> None:
    for bits in (3, 8):
        weight = draw(2, 5, 4, 3, 3)
        codes, scale = store(weight, bits)
        expected = weight.flatten(1).abs().amax(dim=1) / (2 ** (bits - 1) - 1)
        off = (scale - expected).abs().argmax()
        assert torch.allclose(scale, expected, rtol=1e-5), (
            f"{bits} bits: the largest weight of output channel {int(off)} is code "
            f"{2 ** (bits - 1) - 1} times {expected[off]:.6g}; your scale is {scale[off]:.6g}"
        )
        error = (dequantise(codes, scale) - weight).abs().flatten(1).amax(dim=1)
        worst = float((error / scale).max())
        assert worst < 0.501, (
            f"{bits} bits: codes times scale must be within half a step of the weights; yours is "
            f"up to {worst:.3g} steps away"
        )


def _channels_are_apart(store: Function) -> None:
    weight, others = draw(3, 4, 6), torch.tensor([0, 1, 3])
    for factor, change in ((100, "100 times as large"), (2.0**-30, "a billionth as large")):
        other = weight.clone()
        other[2] *= factor
        (codes, scale), (codes_after, scale_after) = store(weight, 8), store(other, 8)
        assert torch.equal(codes, codes_after), (
            f"channel 2 was made {change}. Its scale takes that up: no code may change, its "
            f"largest was {int(codes[2].abs().max())} and is {int(codes_after[2].abs().max())}"
        )
        assert torch.allclose(scale[others], scale_after[others]), (
            f"channel 2 was made {change}; the scales of the other channels must not move"
        )


def _zeros_stay(store: Function) -> None:
    weight = draw(4, 3, 4)
    weight[1] = 0
    weight[2] = torch.tensor([1.0, -1.0, 2.0, -2.0])
    codes, scale = store(weight, 8)
    assert bool(scale.isfinite().all()) and float(scale[1]) == 1, (
        f"a channel of zeros has scale 1, so that nothing is divided by 0; yours is {scale[1]:.3g}"
    )
    assert int(codes[1].abs().max()) == 0, "a channel of zeros has the codes 0"
    assert abs(float(scale[2]) * 127 - 2) < 1e-5, (
        "the channel [1, -1, 2, -2] is none of zeros, though its sum is 0: its scale is 2 / 127, "
        f"{2 / 127:.6g}; yours is {scale[2]:.6g}"
    )


def _codes(weight: Tensor, scale: Tensor) -> Tensor:
    return (weight.flatten(1) / scale[:, None]).round().to(torch.int8).view_as(weight)


def _scale(weight: Tensor, largest: float) -> Tensor:
    scale = weight.flatten(1).abs().amax(dim=1) / largest
    return torch.where(scale == 0, 1.0, scale)


def _one_scale(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    codes, scale = quantise(weight.reshape(1, -1), bits)
    return codes.view_as(weight), scale.expand(len(weight))


def _truncated(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = quantise(weight, bits)[1]
    return (weight.flatten(1) / scale[:, None]).to(torch.int8).view_as(weight), scale


def _one_too_many(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = _scale(weight, 2 ** (bits - 1))
    return _codes(weight, scale), scale


def _upside_down(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    codes, scale = quantise(weight, bits)
    return codes, 1 / scale


def _without_sign(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    largest = 2 ** (bits - 1) - 1
    top = weight.flatten(1).amax(dim=1) / largest
    scale = torch.where(top == 0, 1.0, top)
    return _codes(weight, scale), scale


def _not_a_number(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = weight.flatten(1).abs().amax(dim=1) / (2 ** (bits - 1) - 1)
    return _codes(weight, scale), scale


def _with_zeros(seed: int, *shape: int) -> Tensor:
    weight = draw(seed, *shape)
    weight[1] = 0
    return weight


def _with_a_faint_one(seed: int, *shape: int) -> Tensor:
    weight = draw(seed, *shape)
    weight[0] *= 2.0**-30
    return weight


QUANTISE = Exercise(
    key="12.1",
    name="quantise",
    goal="A",
    solution=quantise,
    properties=(
        Property("codes of type int8, one scale per output channel", _two_tensors),
        Property("the largest weight of a channel gets the largest code", _within_the_range),
        Property("codes times scale are within half a step of the weights", _half_a_step),
        Property("every output channel has a scale of its own", _channels_are_apart),
        Property("a channel of zeros is no trouble", _zeros_stay),
    ),
    probes=(
        (draw(10, 4, 6), 8),
        (draw(11, 3, 2, 3, 3), 4),
        (_with_zeros(12, 3, 5), 8),
        (draw(13, 4, 5).double(), 6),
        (_with_a_faint_one(14, 3, 5), 8),
    ),
    mutants=(
        Mutant(
            "one scale for all",
            _one_scale,
            "all channels share the scale of the largest weight of all. Take the largest of every "
            "output channel: amax over all axes but the first.",
        ),
        Mutant(
            "cut, not rounded",
            _truncated,
            "the fractions are cut off: to(torch.int8) rounds towards 0. Round before.",
        ),
        Mutant(
            "one code too many",
            _one_too_many,
            "the scale divides by 2 to the power of bits - 1. An int8 ends at 127, so that 128 "
            "becomes -128: the largest code is one less.",
        ),
        Mutant(
            "always 8 bits",
            lambda weight, bits: quantise(weight, 8),
            "the range is that of 8 bits whatever `bits` says.",
        ),
        Mutant(
            "scale upside down",
            _upside_down,
            "the codes are right, the scale is its own inverse: codes *times* scale are to give "
            "the weights.",
        ),
        Mutant(
            "largest without sign",
            _without_sign,
            "the scale follows the largest positive weight. A negative one may be larger in size: "
            "take abs() first.",
        ),
        Mutant(
            "zero divided by zero",
            _not_a_number,
            "right but for channels of zeros: their scale is 0, and 0 / 0 is not a number. Make "
            "that scale 1.",
        ),
    ),
    hints=(
        "codes has the shape of weight, scale the length of its first axis. flatten(1) makes "
        "[out, rest] of a weight with any number of axes.",
        "The largest size (abs) in each row, divided by the largest code 2^(bits-1) - 1, is the "
        "scale. Weights divided by their scale, rounded, are the codes.",
        "scale = weight.flatten(1).abs().amax(dim=1) / largest; scale[scale == 0] = 1; then "
        "(weight.flatten(1) / scale[:, None]).round().to(torch.int8).reshape(weight.shape).",
    ),
)
