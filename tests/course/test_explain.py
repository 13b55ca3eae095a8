"""What learners' functions raise, in sentences: each on a real exception of a real function."""

import linecache
from collections.abc import Callable

import einops
import pytest
import torch

from axialkit.course.checks import judge
from axialkit.course.explain import explain
from axialkit.course.lessons import get_exercise

x = torch.zeros(2, 3, 4)


def shape_error() -> torch.Tensor:
    return x + torch.zeros(5)


def no_name() -> torch.Tensor:
    return rearange(x)  # noqa: F821


def own_pattern() -> torch.Tensor:
    return einops.rearrange(x, "b c h w -> b (h w) c")


def forgot_return() -> torch.Tensor:
    def inner() -> None:
        pass

    return inner().shape


def endless() -> torch.Tensor:
    return endless()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (shape_error, "axis 2 is 4 long in one and 5 in the other"),
        (no_name, "Python does not know rearange here"),
        (lambda: x @ x, "needs the last axis of the left one"),
        (lambda: x.view(5, 5), "24 numbers do not fill the shape [5, 5]"),
        (own_pattern, "count the letters left of the arrow"),
        (forgot_return, "Something is None there"),
        (lambda: x[2], "the last has the number n - 1"),
        (lambda: x[0, 0, 0][0], "a single number has none"),
        (lambda: x @ x.double().mT, "Numbers of different types meet"),
        (endless, "calls itself, without an end"),
        (lambda: x.permute(3, 2, 1, 0), "as many numbers as there are axes"),
        (lambda: x.numpy().transpose(3, 2, 1, 0), "as many numbers as there are axes"),
        (lambda: torch.nn.Sequential((1, 2)), "A plain list holds anything"),
        (lambda: max(()), "There was nothing to choose from"),
        (lambda: x.clone().requires_grad_().numpy(), "has to remain a tensor"),
    ],
)
def test_common_exceptions_have_a_meaning(function: Callable[[], object], words: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: B017, PT011  (each its own)
        function()
    assert words in explain(caught.value, function)


def test_the_line_is_the_learners_own() -> None:
    with pytest.raises(einops.EinopsError) as caught:
        own_pattern()
    said = explain(caught.value, own_pattern)
    assert 'at `return einops.rearrange(x, "b c h w -> b (h w) c")`' in said
    assert "Traceback" not in said and "\n" not in said


def test_lines_of_notebook_cells_are_found() -> None:
    source = "def attend(q, k, v):\n    return q @ k\n"
    linecache.cache["<cell>"] = (len(source), None, source.splitlines(keepends=True), "<cell>")
    names: dict[str, Callable[..., object]] = {}
    exec(compile(source, "<cell>", "exec"), names)  # noqa: S102
    verdict = judge(get_exercise("2.3"), names["attend"])
    assert "stops at `return q @ k` with RuntimeError" in verdict.problem
    assert "Is one of them still to be transposed?" in verdict.problem


def test_wrong_arguments_are_explained() -> None:
    verdict = judge(get_exercise("2.3"), lambda q: q)
    assert "It was called with 3 arguments and takes 1. Keep the arguments" in verdict.problem


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: einops.rearrange(x, "b h w -> b (h w)", n=2), "no such letter: names must agree"),
        (lambda: einops.rearrange(x, "(b n) h w -> b n h w"), "one length has to be told"),
        (lambda: einops.rearrange(x, "b h w b * h"), "Is there an arrow"),
        (lambda: einops.rearrange(x, "b h w -> b (h w"), "letters with spaces between them"),
        (lambda: einops.rearrange(x, "b h w -> b h"), "must have the same letters"),
        (lambda: einops.rearrange("b h w -> b h w", x), "The tensor comes first, then the pattern"),
        (
            lambda: einops.rearrange("b h w -> b h w"),
            "rearrange is called with too many",
        ),
    ],
)
def test_patterns_that_einops_refuses(function: Callable[[], object], words: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: B017, PT011  (each its own)
        function()
    assert words in explain(caught.value, function)


def test_an_exception_without_words_is_still_a_sentence() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        raise ValueError
    assert explain(caught.value, len) == "stops with ValueError."
