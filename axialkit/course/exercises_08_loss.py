"""Lesson 08, exercise 8.3, the hardest pixels: what must hold, typical mistakes, hints."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import hard_pixel_ce

# ---- 8.3 hard_pixel_ce


def _scene(seed: int, void: float, size: tuple[int, int] = (6, 7)) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(5, *size, generator=random)
    y = torch.randint(0, 5, size, generator=random)
    y[torch.rand(size, generator=random) < void] = 255
    weight = 1.0 + 2.0 * (torch.rand(size, generator=random) < 0.3)
    return logits, y, weight


def _even_logits(loss: Function) -> None:
    logits, y, weight = torch.zeros(4, 5, 6), torch.zeros(5, 6).long(), torch.ones(5, 6)
    got = loss(logits, y, weight, 1.0)
    assert got.ndim == 0, f"the loss is one number, yours has the shape {list(got.shape)}"
    assert abs(float(got) - 1.38629) < 1e-4, (
        f"four equally likely classes cost log(4) = 1.386 per pixel, not {float(got):.4f}"
    )


def _only_the_hardest(loss: Function) -> None:
    logits, y = torch.zeros(2, 4, 5), torch.zeros(4, 5).long()
    logits[1, 0, :4] = 10.0  # 4 of 20 pixels are badly wrong
    got = float(loss(logits, y, torch.ones(4, 5), 0.2))
    assert abs(got - 10.0) < 0.01, (
        f"the hardest 20 % of 20 pixels cost 10.0 each, you say {got:.3f}"
    )


def _void_costs_nothing(loss: Function) -> None:
    logits, y, weight = _scene(0, 0.0)
    y[:] = 255
    got = float(loss(logits, y, weight, 0.2))
    assert got == 0, f"if all pixels are 255 (void), the loss is 0, not {got}"


def _void_counts(loss: Function) -> None:
    logits, y = torch.zeros(2, 4, 5), torch.full((4, 5), 255)
    y[0] = 0
    logits[1, 0] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    got, expected = float(loss(logits, y, torch.ones(4, 5), 0.2)), 3.55008
    assert abs(got - expected) < 1e-3, (
        "20 pixels, 15 of them void, top_k 0.2: the 4 hardest of 20, not 1 of 5. Their mean is "
        f"{expected:.3f}, you say {got:.3f}"
    )


def _weighs_first(loss: Function) -> None:
    logits = torch.tensor([[[0.0, 0.0, 9.0, 9.0]], [[1.0, 0.5, 0.0, 0.0]]])
    weight = torch.tensor([[1.0, 3.0, 1.0, 1.0]])
    got, expected = float(loss(logits, torch.zeros(1, 4).long(), weight, 0.25)), 2.92223
    assert abs(got - expected) < 1e-3, (
        "four pixels cost 1.313, 0.974, 0 and 0; the second weighs 3, so that its 2.922 is the "
        f"hardest. top_k 0.25 chooses this one: {expected:.3f}, you say {got:.3f}"
    )


def _can_train(loss: Function) -> None:
    logits, y, weight = _scene(6, 0.2)
    got = loss(logits.requires_grad_(), y, weight, 0.2)
    assert got.requires_grad, (
        "no gradient flows back from this number, so nothing could be trained. Let torch do the "
        "arithmetic, without .item(), float(), .detach() or torch.tensor(...) on the way"
    )


def _loss_as_recorded(loss: Function) -> None:
    for name in ("tiny", "perfect"):
        logits, y, weight, top_k, expected = (
            recorded(f"ce_{name}_{part}") for part in ("logits", "y", "weight", "top_k", "loss")
        )
        got = float(loss(logits, y, weight, float(top_k)))
        assert abs(got - float(expected)) < 1e-3, (
            f"the authors' code says {float(expected):.4f}, yours {got:.4f}"
        )


def _errors(logits: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return (F.cross_entropy(logits[None], y[None], ignore_index=255, reduction="none") * weight)[0]


def _top(error: Tensor, count: int) -> Tensor:
    return error.flatten().topk(count).values


def _mean(values: Tensor) -> Tensor:
    return values.sum() / values.count_nonzero().clamp(min=1)


def _share_of_valid(logits: Tensor, y: Tensor, weight: Tensor, top_k: float) -> Tensor:
    return _mean(_top(_errors(logits, y, weight), round(top_k * int((y != 255).sum()))))


def _void_as_zero(logits: Tensor, y: Tensor, weight: Tensor, top_k: float) -> Tensor:
    return hard_pixel_ce(logits, torch.where(y == 255, 0, y), weight, top_k)


def _over_all_kept(logits: Tensor, y: Tensor, weight: Tensor, top_k: float) -> Tensor:
    return _top(_errors(logits, y, weight), round(top_k * y.numel())).mean()


def _rounded_down(logits: Tensor, y: Tensor, weight: Tensor, top_k: float) -> Tensor:
    return _mean(_top(_errors(logits, y, weight), int(top_k * y.numel())))


def _weighted_after(logits: Tensor, y: Tensor, weight: Tensor, top_k: float) -> Tensor:
    kept, at = _errors(logits, y, weight * 0 + 1).flatten().topk(round(top_k * y.numel()))
    return _mean(kept * weight.flatten()[at])


def _weighted_mean(logits: Tensor, y: Tensor, weight: Tensor, top_k: float) -> Tensor:
    kept, at = _errors(logits, y, weight).flatten().topk(round(top_k * y.numel()))
    return kept.sum() / (weight.flatten()[at] * (kept > 0)).sum().clamp(min=1)


HARD_PIXEL_CE = Exercise(
    key="8.3",
    name="hard_pixel_ce",
    goal="B",
    solution=hard_pixel_ce,
    properties=(
        Property("even logits cost the log of the number of classes", _even_logits),
        Property("only the hardest pixels count", _only_the_hardest),
        Property("void costs nothing", _void_costs_nothing),
        Property("top_k is a share of all pixels, void included", _void_counts),
        Property("weights multiply the errors before the choice", _weighs_first),
        Property("it equals the authors' recorded losses", _loss_as_recorded),
        Property("one can train with it", _can_train),
    ),
    probes=(
        (*_scene(1, 0.3), 0.2),
        (*_scene(2, 0.8, (5, 9)), 0.4),
        (*_scene(3, 0.0, (9, 4)), 0.5),
        (*_scene(4, 0.2), 1.0),
        (*_scene(7, 0.0, (4, 12)), 0.2),
        (*_scene(5, 1.1), 0.2),
    ),
    mutants=(
        Mutant(
            "share of the labelled pixels",
            _share_of_valid,
            "top_k is taken of the pixels that have a class. The authors take it of all pixels.",
        ),
        Mutant(
            "void is class 0",
            _void_as_zero,
            "void (255) was turned into class 0, and the network is trained to say road there. "
            "ignore_index=255 makes it cost nothing.",
        ),
        Mutant(
            "zeros in the mean",
            _over_all_kept,
            "void pixels among the hardest are part of your mean. Divide by the number of errors "
            "that are not 0.",
        ),
        Mutant(
            "rounded down",
            _rounded_down,
            "int() cuts the number of pixels down. Use round(top_k * number of pixels).",
        ),
        Mutant(
            "all pixels",
            lambda logits, y, weight, top_k: hard_pixel_ce(logits, y, weight, 1.0),
            "all pixels count: top_k is not used.",
        ),
        Mutant(
            "the weights are not used",
            lambda logits, y, weight, top_k: hard_pixel_ce(logits, y, weight * 0 + 1, top_k),
            "all pixels weigh the same. Multiply the errors by the weights before choosing.",
        ),
        Mutant(
            "divided by the weights",
            _weighted_mean,
            "the sum is divided by the sum of the weights. Here it is divided by the number of "
            "pixels, so that a weight of 3 triples a pixel.",
        ),
        Mutant(
            "weighted after the choice",
            _weighted_after,
            "the hardest pixels are chosen by their errors alone, and weighted afterwards. "
            "Multiply first, then choose.",
        ),
    ),
    hints=(
        "in: logits [k, h, w], y [h, w], weight [h, w], a share; out: one number, as a tensor.",
        "an error per pixel, 0 on void, times its weight; the largest round(top_k * h * w) of "
        "them; their sum divided by how many are not 0 (at least 1).",
        "torch.nn.functional.cross_entropy(logits[None], y[None], ignore_index=255, "
        'reduction="none")[0] * weight, then .flatten().topk(count).values, then .sum() and '
        ".count_nonzero().clamp(min=1).",
    ),
)
