"""Lesson 05, exercise 5.1, the axial block: what must hold, typical mistakes, hints."""

from typing import Any

import torch
from torch import Tensor

from axialkit.course.block import axial_block
from axialkit.course.block_parts import PLAIN, SILENT, Layer, hop, make_parts, same
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import draw

_NTH = {2: "second", 3: "third", 4: "fourth"}


def _has_a_shape(block: Function) -> None:
    for h, w, c_in, c_out, stride in (
        (4, 6, 3, 3, 1),
        (5, 7, 3, 6, 2),
        (9, 4, 2, 5, 2),
        (1, 3, 3, 3, 1),
        (7, 10, 3, 3, 3),
        (9, 2, 2, 5, 4),
    ):
        got = block(draw(0, 2, c_in, h, w), *make_parts(c_in, c_out, stride, project=c_in != c_out))
        expected = [2, c_out, -(-h // stride), -(-w // stride)]
        assert list(got.shape) == expected, (
            f"a map of {h} x {w} with stride {stride} and {c_out} channels behind must become "
            f"{expected}, not {list(got.shape)}"
        )


def _silent_branch(block: Function) -> None:
    x = draw(1, 2, 3, 9, 10)
    for stride in (1, 2, 3, 4):
        got = block(x, *PLAIN[:3], SILENT, None, stride)
        expected = x.relu()[:, :, ::stride, ::stride]
        thinned = f", every {_NTH[stride]} row and column of it" if stride > 1 else ""
        what = f"with stride {stride}, the shortcut is the activated input{thinned}"
        assert got.shape == expected.shape, (
            f"without a projection, {what}: expected {list(expected.shape)}, got {list(got.shape)}"
        )
        wrong = (~torch.isclose(got, expected, atol=1e-6)).nonzero()
        assert not len(wrong), (
            f"where expand gives zeros, only the shortcut is left; {what}. "
            + _differ(wrong[0].tolist(), stride, x, got, expected)
        )


def _differ(place: list[int], stride: int, x: Tensor, got: Tensor, expected: Tensor) -> str:
    """Show one number of the map that is not what it should be."""
    b, c, y, x_ = place
    here, came = (b, c, y, x_), float(x[b, c, y * stride, x_ * stride])
    return (
        f"At [{b}, {c}, {y}, {x_}] an input of {came:.2f} comes in: you hand on "
        f"{float(got[here]):.2f}, expected {float(expected[here]):.2f}"
    )


def _projects(block: Function) -> None:
    x = torch.tensor([-3.0, 2.0])[:, None, None].expand(1, 2, 3, 5)
    for stride in (1, 2):
        project = Layer("x -10", lambda a, s=stride: -10 * a[:, :, ::s, ::s])  # type: ignore[misc]
        got = block(x, *PLAIN[:3], SILENT, project, stride)
        assert got.shape == (1, 2, -(-3 // stride), -(-5 // stride)), (
            f"project has the stride of {stride} in it, what it gives is not thinned again; the "
            f"answer has the shape {list(got.shape)}"
        )
        values = [float(got[0, channel, 0, 0]) + 0.0 for channel in range(2)]
        assert values == [0, -20], (
            "project multiplies by -10 and the branch is silent: inputs of -3 and 2 become 0 and "
            f"-20, you give {values[0]:g} and {values[1]:g}. Where project is given, the shortcut "
            "is project(relu(x)), whatever the channels"
        )


def _keeps_the_dtype(block: Function) -> None:
    for dtype in (torch.float64, torch.float16):
        x = draw(2, 1, 2, 3, 4).to(dtype)
        got = block(x, *PLAIN, None, 1)
        assert got.dtype == dtype, f"a map of {dtype} must stay so, it became {got.dtype}"
        exact = torch.equal(got, 2 * x.relu())
        assert exact, f"a map of {dtype} is rounded on its way: nothing here needs another dtype"


def _sums(block: Function) -> None:
    """Nothing follows the sum: a block may hand on negative numbers."""
    minus = Layer("minus five", lambda x: x * 0 - 5)
    got = block(torch.ones(1, 2, 3, 4), *PLAIN[:3], minus, None, 1)
    assert torch.allclose(got, torch.full((1, 2, 3, 4), -4.0)), (
        f"a branch of -5 and a shortcut of 1 sum to -4, not to {float(got.flatten()[0]):g}: no "
        "ReLU comes after expand, and none after the sum"
    )


def _order(block: Function) -> None:
    add, double = Layer("+1", lambda x: x + 1), Layer("x 2", lambda x: 2 * x)
    got = block(torch.ones(1, 1, 2, 3), same("reduce"), add, double, same("expand"), None, 1)
    value = float(got.flatten()[0])
    assert abs(value - 5) < 1e-5, (
        "height adds 1, width doubles: on ones the branch is (1 + 1) x 2 = 4, and the shortcut "
        f"adds 1. Expected 5, got {value:g}"
    )


def _both_activated(block: Function) -> None:
    add = Layer("+3", lambda x: x + 3)
    got = block(torch.full((1, 1, 2, 3), -2.0), add, *PLAIN[1:], None, 1)
    value = float(got.flatten()[0])
    assert abs(value - 3) < 1e-5, (
        "an input of -2 is activated first: 0. Then reduce adds 3 (branch 3) and the shortcut adds "
        f"0. Expected 3, got {value:g}: branch and shortcut both start from relu(x)"
    )


def _activations(block: Function) -> None:
    minus = Layer("x -1", lambda x: -x)
    x = torch.ones(1, 1, 2, 3)
    got = float(block(x, same("reduce"), minus, minus, same("expand"), None, 1).flatten()[0])
    assert abs(got - 2) < 1e-5, (
        "both hops turn the sign, so that ones come out as ones: branch 1 + shortcut 1 = 2; you "
        f"give {got:g}. Nothing stands between the hops"
    )
    got = float(
        block(x, same("reduce"), minus, same("width"), same("expand"), None, 1).flatten()[0]
    )
    assert abs(got - 1) < 1e-5, (
        "if the hops end at -1, the ReLU behind them makes 0 of it: branch 0 + shortcut 1 = 1; "
        f"you give {got:g}"
    )


def _sees_everything(block: Function) -> None:
    x = draw(3, 1, 3, 4, 6) + 3
    parts = (same("reduce"), hop("H"), hop("W"), same("expand"), None, 1)
    changed = x.clone()
    changed[0, :, 3, 1] += 1
    moved = (block(x, *parts) - block(changed, *parts)).abs().amax(1)[0] > 1e-7
    assert bool(moved.all()), (
        f"pixel (3, 1) must be heard by all 24 pixels of the map; it was heard by "
        f"{int(moved.sum())}: column first, then row"
    )


def _whole_lines(block: Function) -> None:
    """Thinned too early, most pixels would never be heard."""
    for stride in (2, 3):
        _whole_lines_at(block, stride)


def _whole_lines_at(block: Function, stride: int) -> None:
    seen: dict[str, list[int]] = {}

    def spy(name: str) -> Layer:
        def look(x: Tensor) -> Tensor:
            seen[name] = list(x.shape[2:])
            return x

        return Layer(name, look)

    spies = (spy(name) for name in ("reduce", "height", "width", "expand"))
    block(torch.ones(1, 2, 5, 7), *spies, None, stride)
    for name, whole in (("height", "[5, 7]"), ("width", "7 columns")):
        size = seen.get(name, [0, 0])
        assert size[1] == 7 and (name == "width" or size[0] == 5), (
            f"on a 5 x 7 map with stride {stride}, {name} must be given {whole}, it was given "
            f"{size}: who is thinned out before a hop is never heard"
        )


def _variant(  # noqa: PLR0913  (switches of the mistakes)
    *,
    swap: bool = False,
    between: bool = False,
    behind: bool = True,
    after: bool = False,
    raw_shortcut: bool = False,
    raw_branch: bool = False,
    early: bool = False,
    shortcut: bool = True,
) -> Function:
    """Return the block with some of its rules broken."""

    def block(x: Tensor, *parts: Any) -> Tensor:  # noqa: ANN401
        reduce, height, width, expand, project, stride = parts
        a = x.relu()
        y = reduce(x if raw_branch else a)
        if early:
            y = y[:, :, ::stride, ::stride]
        y = width(y) if swap else height(y)
        if not early:
            y = y[:, :, :, ::stride] if swap else y[:, :, ::stride]
        y = y.relu() if between else y
        y = height(y) if swap else width(y)
        if not early:
            y = y[:, :, ::stride] if swap else y[:, :, :, ::stride]
        y = expand(y.relu() if behind else y)
        source = x if raw_shortcut else a
        beside = source[:, :, ::stride, ::stride] if project is None else project(source)
        total = y + beside if shortcut else y
        return total.relu() if after else total

    return block


AXIAL_BLOCK = Exercise(
    key="5.1",
    name="axial_block",
    goal="A",
    solution=axial_block,
    properties=(
        Property("the shape is right, with and without stride", _has_a_shape),
        Property("a silent branch leaves the activated input", _silent_branch),
        Property("where there is a projection, it is the shortcut", _projects),
        Property("both ways start from the activated input", _both_activated),
        Property("branch and shortcut are summed, and nothing follows", _sums),
        Property("H comes before W", _order),
        Property("one ReLU behind the hops, none between", _activations),
        Property("every pixel hears the whole map", _sees_everything),
        Property("with a stride, too, whole lines are attended", _whole_lines),
        Property("the dtype stays what it was", _keeps_the_dtype),
    ),
    probes=tuple(
        (draw(seed, 2, c_in, h, w), *make_parts(c_in, c_out, stride, project=project))
        for seed, c_in, c_out, h, w, stride, project in (
            (5, 3, 3, 4, 6, 1, False),
            (6, 3, 5, 5, 7, 2, True),
            (7, 2, 2, 6, 3, 2, False),
            (8, 4, 6, 3, 5, 1, True),
            (9, 3, 3, 7, 8, 3, False),
            (10, 2, 2, 9, 5, 4, True),
        )
    ),
    mutants=(
        Mutant(
            "W before H",
            _variant(swap=True),
            "the row comes first. It reaches as far, but it is another block: published weights "
            "would not fit.",
        ),
        Mutant(
            "a ReLU between the hops",
            _variant(between=True),
            "there is a ReLU between height and width. The two hops belong together; the ReLU "
            "comes behind both.",
        ),
        Mutant(
            "no ReLU behind the hops",
            _variant(behind=False),
            "expand gets what the hops say, without a ReLU in between: two linear layers in a row.",
        ),
        Mutant(
            "a ReLU after the sum",
            _variant(after=True),
            "the sum is activated. Here each block activates its own input, so the sum is handed "
            "on as it is.",
        ),
        Mutant(
            "raw shortcut",
            _variant(raw_shortcut=True),
            "the shortcut takes x, the branch takes relu(x). Both take relu(x).",
        ),
        Mutant(
            "raw branch",
            _variant(raw_branch=True),
            "the branch takes x, the shortcut takes relu(x). Both take relu(x).",
        ),
        Mutant(
            "thinned before the hops",
            _variant(early=True),
            "the map is thinned first, so most pixels are never heard. Thin the rows after height, "
            "the columns after width.",
        ),
        Mutant(
            "no shortcut",
            _variant(shortcut=False),
            "this is the branch alone. What makes a block residual is the sum with the shortcut.",
        ),
    ),
    hints=(
        "x is [b, c, h, w]; with stride s the answer has ceil(h / s) rows and ceil(w / s) columns.",
        "a = relu(x) feeds both ways. Branch: reduce, height, thin the rows, width, thin the "
        "columns, relu, expand. Shortcut: project(a), or a thinned both ways.",
        "y = height(reduce(a))[:, :, ::stride]; y = width(y)[:, :, :, ::stride]; then "
        "expand(y.relu()) + (a[:, :, ::stride, ::stride] if project is None else project(a)).",
    ),
)
