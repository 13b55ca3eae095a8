"""Lesson 05, exercise 5.2, a stage of blocks: what must hold, typical mistakes, hints."""

from collections.abc import Callable
from typing import Any, NamedTuple

from axialkit.course.block import make_stage
from axialkit.course.lesson import Exercise, Function, Mutant, Property


class Made(NamedTuple):
    """Stands in for a block: what it was made with, and as which one."""

    number: int
    in_channels: int
    out_channels: int
    stride: int


class Recorder:
    """Stands in for a maker of blocks, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, in_channels: int, out_channels: int, stride: int) -> Made:
        self.made += 1
        return Made(self.made, in_channels, out_channels, stride)

    __call__.__qualname__ = "make_block"  # as messages of Python name it

    def __deepcopy__(self, memo: object) -> "Recorder":
        return Recorder()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recorder)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "make_block"


def _blocks(stage: Function, *arguments: int) -> list[Made]:
    got = stage(Recorder(), *arguments)
    assert not isinstance(got, Made), "expected a list of blocks, got one block"
    assert isinstance(got, list | tuple), f"expected a list of blocks, got {type(got).__name__}"
    for block in got:
        assert isinstance(block, Made), f"the list must hold what make_block returns, not {block!r}"
    return list(got)


def _as_many(stage: Function) -> None:
    for depth in (1, 2, 5):
        got = len(_blocks(stage, 8, 16, depth, 2))
        assert got == depth, f"a stage of depth {depth} has {got} blocks"


def _chained(stage: Function) -> None:
    for c_in, c_out in ((8, 16), (16, 16), (64, 32)):
        channels = c_in
        for number, (_, takes, gives, _) in enumerate(_blocks(stage, c_in, c_out, 4, 2), 1):
            assert takes == channels, (
                f"block {number} takes {takes} channels, but {channels} arrive there"
            )
            channels = gives
        assert channels == c_out, f"{channels} channels leave the stage, expected {c_out}"


def _first_changes(stage: Function) -> None:
    for c_in, c_out in ((8, 16), (64, 32)):
        got = [block[1:3] for block in _blocks(stage, c_in, c_out, 3, 2)]
        assert got[0] == (c_in, c_out), (
            f"the first block leads from {c_in} to {c_out} channels, yours from {got[0][0]} to "
            f"{got[0][1]}"
        )


def _strides_once(stage: Function) -> None:
    for stride in (1, 2, 3, 4):
        got = [block.stride for block in _blocks(stage, 8, 16, 3, stride)]
        is_whole = all(isinstance(number, int) for number in got)
        assert is_whole and got == [stride, 1, 1], (
            f"a stage of stride {stride} has three blocks of strides {[stride, 1, 1]}, yours have "
            f"{got}"
        )


def _made_anew(stage: Function) -> None:
    numbers = [block.number for block in _blocks(stage, 8, 16, 4, 2)]
    assert numbers == [1, 2, 3, 4], (
        f"make_block must be called once per block, in order; your list holds what came of the "
        f"calls {numbers}"
    )


def _stage_of(plan: Callable[[int, int, int, int], list[tuple[int, int, int]]]) -> Function:
    def stage(make_block: Function, c_in: int, c_out: int, depth: int, stride: int) -> list[Any]:
        return [make_block(*sizes) for sizes in plan(c_in, c_out, depth, stride)]

    return stage


def _one_repeated(
    make_block: Function, c_in: int, c_out: int, depth: int, stride: int
) -> list[Any]:
    first, *rest = (make_block(c_in, c_out, stride), *[make_block(c_out, c_out, 1)] * (depth - 1))
    return [first, *rest]


MAKE_STAGE = Exercise(
    key="5.2",
    name="make_stage",
    goal="B",
    solution=make_stage,
    properties=(
        Property("a stage has as many blocks as it is deep", _as_many),
        Property("every block takes what the one before it gives", _chained),
        Property("the first block changes the channels", _first_changes),
        Property("only the first block has the stride", _strides_once),
        Property("every block is a new one", _made_anew),
    ),
    probes=(
        (Recorder(), 8, 16, 3, 2),
        (Recorder(), 16, 16, 1, 2),
        (Recorder(), 64, 32, 4, 1),
        (Recorder(), 3, 5, 2, 3),
        (Recorder(), 5, 5, 3, 4),
    ),
    mutants=(
        Mutant(
            "stride in every block",
            _stage_of(lambda i, o, d, s: [(i, o, s), *[(o, o, s)] * (d - 1)]),
            "every block has the stride: three blocks of stride 2 leave an eighth of the height. "
            "Only the first has it.",
        ),
        Mutant(
            "first block repeated",
            _stage_of(lambda i, o, d, s: [(i, o, s)] * d),
            "all blocks are made like the first. From the second on, out_channels come in, and the "
            "stride is 1.",
        ),
        Mutant(
            "one block too many",
            _stage_of(lambda i, o, d, s: [(i, o, s), *[(o, o, 1)] * d]),
            "the first block counts: depth - 1 more follow it.",
        ),
        Mutant(
            "stride at the end",
            _stage_of(
                lambda i, o, d, s: [
                    (i if n == 0 else o, o, s if n == d - 1 else 1) for n in range(d)
                ]
            ),
            "the last block has the stride. The first must have it: then the others are cheaper.",
        ),
        Mutant(
            "channels at the end",
            _stage_of(
                lambda i, o, d, s: [
                    (i, i if n < d - 1 else o, s if n == 0 else 1) for n in range(d)
                ]
            ),
            "the channels change in the last block. The first changes them.",
        ),
        Mutant(
            "one object, many places",
            _one_repeated,
            "the later places hold one and the same block: they would share their weights. Call "
            "make_block for each.",
        ),
        Mutant(
            "no stride",
            _stage_of(lambda i, o, d, s: [(i, o, 1), *[(o, o, 1)] * (d - 1)]),
            "the stride got lost: the map stays as large as it was.",
        ),
    ),
    hints=(
        "a list of depth blocks, each made by make_block(in_channels, out_channels, stride).",
        "the first block differs from all others: it changes the channels and has the stride.",
        "[make_block(in_channels, out_channels, stride)], then, in a loop over depth - 1, "
        "make_block(out_channels, out_channels, 1).",
    ),
)
