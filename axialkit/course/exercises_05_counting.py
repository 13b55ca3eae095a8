"""Lesson 05, exercise 5.3, counting a backbone: what must hold, typical mistakes, hints."""

from typing import Any, NamedTuple

import torch

from axialkit.course.block_counts import (
    branch_parameters,
    conv_parameters,
    count_params,
    hop_parameters,
)
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.model.backbone import AxialResNet
from axialkit.model.stages import Stage, Table

_STEM = ((3, 16),)
_SMALL = {"heads": 4, "expansion": (1, 2), "max_distance": 9}


def built_params(table: Table) -> int:
    """Build a backbone on the meta device and count what it really has."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in AxialResNet(table).parameters())


def _table(*stages: Stage, stem: tuple[tuple[int, int], ...] = _STEM, **options: Any) -> Table:  # noqa: ANN401
    return Table(stem, stages, **{**_SMALL, **options})


def _agrees(count: Function, table: Table, what: str) -> None:
    got, expected = count(table), built_params(table)
    assert got == expected, (
        f"{what}: built, it has {expected:,} parameters; you count {_shown(got)}"
        + (f", {abs(got - expected):,} too {'many' if got > expected else 'few'}"
           if isinstance(got, int | float) else "")
    )  # fmt: skip


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else repr(value)[:80]


def _stems(count: Function) -> None:
    _agrees(count, _table(), "a stem of one 3x3 convolution, 3 to 16 channels")
    inception = ((3, 8), (3, 8), (3, 24))
    _agrees(count, _table(stem=inception), "a stem of three 3x3 convolutions, 3 to 8 to 8 to 24")


def _basic(count: Function) -> None:
    cases = ((16, 16), "no change of channels"), ((24, 32), "a projection"), ((24, 8), "one, too")
    for filters, what in cases:
        row = Stage(1, "basic", filters, 1)
        _agrees(count, _table(row), f"the stem and one basic block {filters}, with {what}")


def _bottleneck(count: Function) -> None:
    for filters in ((4, 6, 16), (8, 12, 40)):
        row = Stage(2, "bottleneck", filters, 1, 2)
        _agrees(count, _table(row), f"the stem and one bottleneck {filters}")


def _axial(count: Function) -> None:
    for filters in ((12, 4, 16), (20, 8, 40)):
        row = Stage(4, "axial", filters, 1)
        _agrees(count, _table(row), f"the stem and one axial block {filters}")
        wide = _table(row, expansion=(2, 4), heads=2, max_distance=5)
        _agrees(count, wide, f"the same {filters} with keys twice and values four times as wide")


def _deep(count: Function) -> None:
    _agrees(
        count,
        _table(Stage(1, "basic", (24, 24), 3), Stage(2, "bottleneck", (6, 6, 24), 2)),
        "the stem, three basic blocks to 24 channels and two bottlenecks",
    )
    _agrees(
        count,
        _table(Stage(3, "basic", (16, 16), 5), Stage(4, "axial", (12, 4, 24), 7)),
        "the stem, five basic blocks and seven axial ones to 24 channels",
    )


class _Rules(NamedTuple):
    """The rules of counting, each of which a mistake breaks."""

    projections: str = "where needed"
    hops: int = 2
    same_input: bool = False
    depth: str = "one by one"
    expansion: bool = True

    def count(self, table: Table) -> int:
        total, channels = 0, 3
        for kernel, out in table.stem:
            total, channels = total + conv_parameters(kernel, channels, out), out
        for row in table.stages:
            total += self._row(table, row, channels)
            channels = row.filters[-1]
        return total

    def _row(self, table: Table, row: Stage, c: int) -> int:
        last = row.filters[-1]
        projects = {"where needed": c != last, "never": False, "first": True}[self.projections]
        first, shortcut = self._branch(table, row, c), projects * conv_parameters(1, c, last)
        later = (row.depth - 1) * self._branch(table, row, last)
        return {
            "one by one": first + shortcut + later,
            "forgotten": first + shortcut,
            "times all": row.depth * (first + shortcut),
            "times branch": row.depth * first + shortcut,
        }[self.depth]

    def _branch(self, table: Table, row: Stage, c: int) -> int:
        c1, *_, last = row.filters
        if row.block == "basic":
            return conv_parameters(3, c, c1) + conv_parameters(3, c1, last)
        base = row.filters[1]
        if row.block == "bottleneck":
            middle, inside = conv_parameters(3, c1, base), base
        else:
            middle, inside = self._hops(table, c1, base)
        return conv_parameters(1, c, c1) + middle + conv_parameters(1, inside, last)

    def _hops(self, table: Table, c1: int, base: int) -> tuple[int, int]:
        expansion = table.expansion if self.expansion else (1, 1)
        keys, values = (base * factor for factor in expansion)
        sizes = keys, values, table.heads, table.max_distance
        inputs = (c1, c1 if self.same_input else values)[: self.hops]
        return sum(hop_parameters(channels, *sizes) for channels in inputs), values


def _variant(**broken: Any) -> Function:  # noqa: ANN401  (one rule and its value)
    return _Rules(**broken).count


_PROBE = (
    _table(
        Stage(2, "bottleneck", (8, 6, 24), 2, 2),
        Stage(3, "basic", (24, 24), 2),
        Stage(4, "axial", (20, 8, 32), 3),
    ),
    _table(Stage(1, "basic", (20, 16), 1), Stage(5, "axial", (24, 8, 40), 2), expansion=(2, 4)),
    Table(((3, 8), (3, 16)), (Stage(2, "bottleneck", (4, 8, 16), 3, 2),)),
)

COUNT_PARAMS = Exercise(
    key="5.3",
    name="count_params",
    goal="C",
    solution=count_params,
    shown=(conv_parameters, hop_parameters, branch_parameters, count_params),
    properties=(
        Property("stems are counted", _stems),
        Property("basic blocks, with and without a projection", _basic),
        Property("bottlenecks", _bottleneck),
        Property("axial blocks, whatever the expansion", _axial),
        Property("deep stages, one after the other", _deep),
    ),
    probes=tuple((table,) for table in _PROBE),
    mutants=(
        Mutant(
            "no projections",
            _variant(projections="never"),
            "the shortcuts are missing: where a block changes the channels, its shortcut is a 1x1 "
            "convolution with a norm.",
        ),
        Mutant(
            "a projection in every row",
            _variant(projections="first"),
            "the first block of every row gets a projection, even where the channels stay: there "
            "the shortcut is the input itself and has no parameters.",
        ),
        Mutant(
            "one hop",
            _variant(hops=1),
            "an axial block has two hops, height and width, each with weights of its own.",
        ),
        Mutant(
            "both hops from the same input",
            _variant(same_input=True),
            "the width hop takes what the height hop gives: values channels, not those of the "
            "first 1x1 convolution.",
        ),
        Mutant(
            "depth forgotten",
            _variant(depth="forgotten"),
            "every row is counted once. It stands for depth blocks; of these only the first may "
            "change the channels.",
        ),
        Mutant(
            "whole row times depth",
            _variant(depth="times all"),
            "all blocks of a row are counted like its first, with a projection each. From the "
            "second block on, row.filters[-1] channels come in, and nothing is projected.",
        ),
        Mutant(
            "branch times depth",
            _variant(depth="times branch"),
            "the projection is counted once, as it should be, but all branches of a row are "
            "counted like its first. From the second block on, row.filters[-1] channels come in.",
        ),
        Mutant(
            "no expansion",
            _variant(expansion=False),
            "keys and values are as wide as the base filters times table.expansion, keys first.",
        ),
    ),
    hints=(
        "a whole number. Keep two variables: the total, and the channels that arrive.",
        "for every row, depth times: the branch by row.block and row.filters, then a 1x1 "
        "convolution if the channels that arrive are not row.filters[-1].",
        "axial: c1, base, c3 = row.filters; keys, values = base * table.expansion[0], base * "
        "table.expansion[1]; conv_parameters(1, channels, c1) + hop_parameters(c1, keys, values, "
        "table.heads, table.max_distance) + hop_parameters(values, ...) + conv_parameters(1, "
        "values, c3).",
    ),
)
