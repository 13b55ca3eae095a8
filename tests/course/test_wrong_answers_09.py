"""Wrong answers to lesson 09 that look right on most samples, and what they are told."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.course.checks import judge
from axialkit.course.lessons import get_exercise
from axialkit.course.planted_bugs import name_bug
from axialkit.course.training_parts import poly_lr

BILINEAR = {"mode": "bilinear", "align_corners": False}


def renumbered(ids: Tensor, old: list[int]) -> Tensor:
    out = ids.clone()
    for new, number in enumerate(old, start=1):
        out[ids == number] = new
    return out


def crop(
    picture: dict[str, Any] = BILINEAR,
    whole: Callable[[float], int] = int,
    order: Callable[[Tensor], list[int]] = lambda ids: ids[ids > 0].unique().tolist(),
    kind: torch.dtype = torch.int64,
    *,
    by_factor: bool = False,
) -> Callable[..., Any]:
    """A right crop but for what is given."""

    def answer(image: Tensor, semantic: Tensor, ids: Tensor, draw: Any, size: Any) -> Any:
        scale, top, left = draw
        new = [whole(side * scale) for side in ids.shape]
        goal = {"scale_factor": scale} if by_factor else {"size": new}
        labels = torch.stack([semantic, ids])[None].double()
        labels = F.interpolate(labels, new, mode="nearest-exact")[0].long()
        pad = (0, max(size[1] - new[1], 0), 0, max(size[0] - new[0], 0))
        image, semantic, ids = (
            F.pad(part, pad, value=value)[..., top : top + size[0], left : left + size[1]]
            for part, value in (
                (F.interpolate(image[None], **goal, **picture)[0], 127.5),
                (labels[0], 255),
                (labels[1], 0),
            )
        )
        return image, semantic, renumbered(ids, order(ids)).to(kind)

    return answer


def exchanged(*arguments: Any) -> Any:
    image, semantic, ids = crop()(*arguments)
    return image, ids, semantic


def by_size(ids: Tensor) -> list[int]:
    numbers, counts = ids[ids > 0].unique(return_counts=True)
    return numbers[counts.argsort(descending=True)].tolist()


def overfit(*, ready: bool = True, limit: float = 0.0) -> Callable[..., list[float]]:
    """A right loop, but for the mode or the clipping."""

    def answer(
        net: nn.Module, loss: Callable[[nn.Module], Tensor], steps: int, rate: float
    ) -> list[float]:
        net = copy.deepcopy(net)
        if ready:
            net.train()
        optimizer = torch.optim.Adam(net.parameters(), lr=rate)
        losses = []
        for _ in range(steps):
            value = loss(net)
            optimizer.zero_grad()
            value.backward()
            if limit:
                nn.utils.clip_grad_norm_(net.parameters(), limit)
            optimizer.step()
            losses.append(value.item())
        return losses

    return answer


def one_step_too_long(step: int, steps: int, base: float, warmup: int) -> float:
    return base if step == warmup > 0 else poly_lr(step, steps, base, warmup)


WRONG: dict[str, tuple[str, Callable[..., Any], str]] = {
    "smallest left out": ("9.2", crop(order=lambda x: x.unique()[1:].tolist()), "become 3, 1, 2"),
    "by appearance": (
        "9.2",
        crop(order=lambda ids: list(dict.fromkeys(ids[ids > 0].tolist()))),
        "must become 3, 1, 2; yours become 1, 2, 3",
    ),
    "by size": ("9.2", crop(order=by_size), "must become 3, 1, 2; yours become 2, 3, 1"),
    "rounded": ("9.2", crop(whole=round), "makes it 13 x 18, yours is 14 x 19"),
    "by a factor": ("9.2", crop(by_factor=True), "at scale 1.7 the image is"),
    "picture not mixed": ("9.2", crop({"mode": "nearest-exact"}), "bilinear mixing makes"),
    "smoothed": ("9.2", crop({**BILINEAR, "antialias": True}), "and nothing else"),
    "another kind": ("9.2", crop(kind=torch.int32), "ids was given as torch.int64"),
    "exchanged": ("9.2", exchanged, "return image, semantic, ids in this order"),
    "one step too long": ("9.3", one_step_too_long, "is over when step is 50"),
    "the mode as it was": ("9.4", overfit(ready=False), "given in eval mode"),
    "clipped": ("9.4", overfit(limit=5.0), "with the loss times 100"),
    "a strange name": (
        "9.5",
        lambda run, healthy: name_bug(run, healthy).replace("offsets' ", ""),
        "'flip forgets the sign' is no name of the list",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_fail_and_are_told_why(name: str) -> None:
    key, answer, says = WRONG[name]
    verdict = judge(get_exercise(key), answer)
    assert not verdict.passed
    assert says in verdict.problem


@pytest.mark.parametrize(("key", "answer"), [("9.2", crop()), ("9.4", overfit())])
def test_without_a_mistake_they_pass(key: str, answer: Callable[..., Any]) -> None:
    assert judge(get_exercise(key), answer).passed
