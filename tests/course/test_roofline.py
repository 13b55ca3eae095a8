"""Lesson 07's functions against torch's attention, stored maps, autograd and a fake clock."""

import statistics
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from axialkit.attention.positions import look_up
from axialkit.attention.reference import content_logits, retrieved_position
from axialkit.attention.statistics import logit_moments, materialized_moments
from axialkit.course import causes, machine, memory_story, roofline
from axialkit.course.checks import judge
from axialkit.course.exercises_07_clock import FakeDevice
from axialkit.course.lessons import get_exercise
from tests.course import second_solutions_07 as second


def test_intensities_are_those_of_torchs_operations() -> None:
    q, k, v = torch.randn(3, 2, 3, 5, 4)
    stored = machine.moved_by(lambda: causes.attend_by_einsum(q, k, v))
    flops = 2 * 2 * 2 * 3 * 5 * 5 * 4
    assert roofline.arithmetic_intensity("stored", 6, 5, 4, 4) == pytest.approx(flops / stored)
    scores = machine.moved_by(lambda: q @ k.mT)
    assert roofline.arithmetic_intensity("scores", 6, 5, 4, 4) == flops / 2 / scores
    added = machine.moved_by(lambda: q + k)
    assert roofline.arithmetic_intensity("add", 6, 5, 4, 4) == q.numel() / added
    fused = machine.moved_by(lambda: causes.attend_by_kernel(q, k, v))
    lse = 2 * 3 * 5 * 4  # bytes that torch's kernel hands out as well
    assert roofline.arithmetic_intensity("fused", 6, 5, 4, 4) == flops / (fused - lse)


def test_the_roof() -> None:
    assert roofline.attainable(2.0, peak=10.0, bandwidth=3.0) == 6.0
    assert roofline.attainable(9.0, peak=10.0, bandwidth=3.0) == 10.0


@pytest.mark.parametrize("length", [1, 5, 33, 65])
def test_bias_and_second_pass_give_the_definition(length: int) -> None:
    q, k, v = torch.randn(3, 2, 3, length, 4, dtype=torch.float64)
    r_q, r_k, r_v = torch.randn(3, length, length, 4, dtype=torch.float64)
    bias = roofline.position_bias(q, k, (r_q, r_k))
    logits = content_logits(q, k) + bias
    weights = logits.softmax(-1)
    got = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)
    torch.testing.assert_close(got, weights @ v)
    got = roofline.value_rel_from_lse(lambda j: logits[..., j], logits.logsumexp(-1), r_v, 8)
    torch.testing.assert_close(got, retrieved_position(weights, r_v))


def test_the_second_pass_has_gradients() -> None:
    logits = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    r_v = torch.randn(5, 5, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, r: roofline.value_rel_from_lse(lambda j: x[..., j], x.logsumexp(-1), r, 2),
        (logits, r_v),
    )


def test_moments_are_those_of_the_stored_logits_and_of_the_kit() -> None:
    q, k = torch.randn(2, 3, 2, 7, 4, dtype=torch.float64) + 1
    stored = materialized_moments([content_logits(q, k)]).mean_and_variance()
    kits = logit_moments(q, k).mean_and_variance()
    for got, one, other in zip(roofline.logits_moments(q, k), stored, kits, strict=True):
        torch.testing.assert_close(got, one[0])
        torch.testing.assert_close(got, other[0])


def test_the_kept_lse_is_that_of_the_logits() -> None:
    q, k, v, tables = memory_story.example(machine.Shape(2, 9, 0, 16, 24, 2))
    r_q, r_k, _ = (look_up(table, 9) for table in tables)
    logits = content_logits(q, k) + roofline.position_bias(q, k, (r_q, r_k))
    kept = memory_story.kept_lse(q, k, v, tables)
    torch.testing.assert_close(kept, logits.logsumexp(-1))


def test_bench_on_a_device_with_older_work() -> None:
    device = FakeDevice((50.0, 20.0, 1.0, 1.0, 9.0, 1.0, 1.0), older=100.0)
    assert roofline.bench(device.run, device.sync, device.clock) == 1.25


# ---- mistakes that no mutant stands for


def timed_once(run: Callable, sync: Callable, clock: Callable) -> float:
    run(), run(), sync()
    begin = clock()
    for _ in range(5):
        run()
    sync()
    return (clock() - begin) / 5


def waits_late(run: Callable, sync: Callable, clock: Callable) -> float:
    run(), run()
    times = []
    for _ in range(5):
        begin = clock()
        sync(), run(), sync()
        times.append(clock() - begin)
    return sorted(times)[2]


def whole_softmax(logits_of: Callable, lse: torch.Tensor, r_v: torch.Tensor, block: int) -> Any:
    return retrieved_position(logits_of(slice(None)).softmax(-1), r_v)


def without_gradients(logits_of: Callable, *given: Any) -> torch.Tensor:
    with torch.no_grad():
        return second.value_key_by_key(logits_of, *given)


def put_together(logits_of: Callable, lse: torch.Tensor, r_v: torch.Tensor, block: int) -> Any:
    """Ask for few keys at a time, and keep the weights of all."""
    starts = range(0, r_v.shape[1], block)
    parts = [(logits_of(slice(at, at + block)) - lse[..., None]).exp() for at in starts]
    return retrieved_position(torch.cat(parts, -1), r_v)


def with_the_map(q: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    logits = q @ k.mT
    return logits.mean((0, 2, 3)), logits.var((0, 2, 3), correction=0)


def by_line(q: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    means, variances = roofline.logits_moments(q, k)
    first = roofline.logits_moments(q[:1], k[:1])
    return means, (variances + first[1]) / 2


def one_long_line(q: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return roofline.logits_moments(*(x.transpose(0, 1).flatten(1, 2)[None] for x in (q, k)))


def lines_uncounted(q: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    mean, variance = roofline.logits_moments(q, k)
    return mean * len(q), (variance + mean**2) * len(q) - (mean * len(q)) ** 2


def mean_of_variances(q: torch.Tensor, k: torch.Tensor) -> list[torch.Tensor]:
    lines = [roofline.logits_moments(*line) for line in zip(q.split(1), k.split(1), strict=True)]
    return [torch.stack(part).mean(0) for part in zip(*lines, strict=True)]


def moment_rows(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    return torch.stack(roofline.logits_moments(q, k))


def bench_by(
    run: Callable,
    sync: Callable,
    clock: Callable,
    runs: int = 5,
    middle: Callable = statistics.median,
) -> Any:
    run(), run(), sync()
    times = []
    for _ in range(runs):
        begin = clock()
        run(), sync()
        times.append(clock() - begin)
    return middle(times)


intensity = roofline.arithmetic_intensity
bias = second.bias_by_loop
WRONG = [
    ("7.1", lambda op, n, length, d, s: intensity(op, n, length, d, 4)),
    ("7.1", lambda op, n, length, d, s: intensity(op, n, d, length, s)),
    ("7.1", lambda op, n, length, d, s: intensity(op, n, length, d, s) * n),
    ("7.1", lambda op, n, length, d, s: round(intensity(op, n, length, d, s))),
    ("7.1", lambda op, n, length, d, s: intensity("fused", n, length, d, s)),
    ("7.1", lambda op, n, length, d, s: 5.36),
    ("7.2", timed_once),
    ("7.2", waits_late),
    ("7.2", lambda run, sync, clock: 3.25),
    ("7.2", lambda run, sync, clock: roofline.bench(run, sync, clock) * 1000),
    ("7.2", lambda run, sync, clock: bench_by(run, sync, clock, runs=6)),
    ("7.2", lambda run, sync, clock: bench_by(run, sync, clock, runs=3)),
    ("7.2", lambda run, sync, clock: bench_by(run, sync, clock, middle=lambda t: sorted(t)[1])),
    ("7.3", lambda q, k, t: bias(q, -k, t)),
    ("7.3", lambda q, k, t: bias(q, k, t).mT),
    ("7.3", lambda q, k, t: bias(q, k, t).softmax(-1)),
    ("7.3", lambda q, k, t: bias(q, k, (t[0], t[1].transpose(0, 1)))),
    ("7.3", lambda q, k, t: bias(q, k, t).mean(1, keepdim=True)),
    ("7.3", lambda q, k, t: torch.zeros(*q.shape[:3], q.shape[2])),
    ("7.4", whole_softmax),
    ("7.4", without_gradients),
    ("7.4", put_together),
    ("7.4", lambda f, lse, r, b: second.value_key_by_key(f, lse, r.transpose(0, 1), b)),
    ("7.4", lambda f, lse, r, b: second.value_key_by_key(f, lse, r, b) / b),
    ("7.4", lambda f, lse, r, b: second.value_key_by_key(f, lse.mean(-1, keepdim=True), r, b)),
    ("7.5", with_the_map),
    ("7.5", by_line),
    ("7.5", one_long_line),
    ("7.5", lines_uncounted),
    ("7.5", mean_of_variances),
    ("7.5", moment_rows),
    ("7.5", lambda q, k: roofline.logits_moments(q, k)[::-1]),
    ("7.5", lambda q, k: tuple(x.sum() for x in roofline.logits_moments(q, k))),
    ("7.5", lambda q, k: roofline.logits_moments(q[:1], k[:1])),
    ("7.5", lambda q, k: roofline.logits_moments(q - q.mean(2, keepdim=True), k)),
]


@pytest.mark.parametrize(("key", "wrong"), WRONG)
def test_other_mistakes_fail(key: str, wrong: Callable[..., Any]) -> None:
    verdict = judge(get_exercise(key), wrong)
    assert not verdict.passed
    assert 20 < len(verdict.problem) < 500


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        got = function(*given)
        return got.float() if isinstance(got, torch.Tensor) else tuple(x.float() for x in got)

    return call


@pytest.mark.parametrize(
    ("key", "wrong", "says"),
    [
        ("7.2", lambda run, sync, clock: clock - clock, "clock is a function. Call it: clock()"),
        ("7.2", lambda run, sync, clock: sync() or clock() - clock(), "run is never called"),
        ("7.2", lambda *given: -roofline.bench(*given), "subtract the earlier clock()"),
        ("7.2", lambda *given: 1000 * roofline.bench(*given), "the time of ONE run"),
        ("7.2", lambda *given: bench_by(*given, runs=6), "yours were 8"),
        ("7.2", lambda *given: bench_by(*given, middle=lambda t: t[0]), "the first run alone"),
        ("7.2", lambda *given: bench_by(*given, middle=lambda t: t[-1]), "the last run alone"),
        ("7.2", lambda *given: bench_by(*given, middle=max), "you find 9.25 s"),
        ("7.3", lambda q, k, t: bias(q, -k, t), "with queries of zeros only k · r_k is left"),
        ("7.4", in_float32(roofline.value_rel_from_lse), "your answer is torch.float32"),
        ("7.4", put_together, "the whole map has 4096"),
        ("7.5", in_float32(roofline.logits_moments), "q and k are torch.float64, yours is"),
        ("7.5", lines_uncounted, "3 x 6 x 6 logits in a head"),
        ("7.5", lambda q, k: (0.5, 1.0), "mean: expected a tensor, got float"),
    ],
)
def test_the_message_says_what_is_wrong(key: str, wrong: Callable[..., Any], says: str) -> None:
    assert says in judge(get_exercise(key), wrong).problem


def moments_by_query(q: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """One query at a time: a line of logits, never a map."""
    rows = [torch.einsum("bhd,bhjd->bhj", q[:, :, i], k) for i in range(q.shape[2])]
    mean = sum(row.mean((0, 2)) for row in rows) / len(rows)
    return mean, sum(((row - mean[:, None]) ** 2).mean((0, 2)) for row in rows) / len(rows)


def moments_by_products(q: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """With the channels of q q^T as one axis, and float32-like habits."""
    a, c = (x.transpose(-1, -2) @ x for x in (q, k))
    count = len(q) * q.size(2) * k.size(2)
    mean = (q.sum(-2) * k.sum(-2)).sum(-1).sum(0) / count
    return mean, torch.clamp((a * c).flatten(2).sum(-1).sum(0) / count - mean.square(), min=0)


def value_in_place(
    logits_of: Callable, lse: torch.Tensor, r_v: torch.Tensor, block: int
) -> torch.Tensor:
    out = torch.zeros(*lse.shape, r_v.shape[-1], dtype=r_v.dtype)
    length = r_v.shape[1]
    for start in range(0, length, block):
        stop = min(start + block, length)
        p = torch.exp(logits_of(slice(start, stop)) - lse.unsqueeze(-1))
        out += torch.einsum("bhij,ije->bhie", p, r_v[:, start:stop])
    return out


def value_by_changing_logits(
    logits_of: Callable, lse: torch.Tensor, r_v: torch.Tensor, block: int
) -> Any:
    """What is computed anew may be written over."""
    total: Any = 0
    for start in reversed(range(0, r_v.shape[1], block)):
        weights = logits_of(slice(start, start + block))
        weights -= lse[..., None]
        total = total + retrieved_position(weights.exp_(), r_v[:, start : start + block])
    return total


def bench_with_lists(run: Callable, sync: Callable, clock: Callable) -> Any:
    import numpy as np

    for _ in range(2):
        run()
        sync()
    marks = []
    for _ in range(5):
        start = clock()
        run()
        sync()
        marks += [(start, clock())]
    return np.median([stop - start for start, stop in marks])


def bias_by_matmul(q: torch.Tensor, k: torch.Tensor, tables: Any) -> torch.Tensor:
    r_q, r_k = tables
    first = (q.unsqueeze(-2) @ r_q.transpose(-1, -2)).squeeze(-2)
    return first + (k.unsqueeze(2) * r_k).sum(-1)


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("7.2", bench_with_lists),
        ("7.3", bias_by_matmul),
        ("7.4", value_in_place),
        ("7.4", value_by_changing_logits),
        ("7.5", moments_by_query),
        ("7.5", moments_by_products),
    ],
)
def test_other_right_answers_pass(key: str, right: Callable[..., Any]) -> None:
    verdict = judge(get_exercise(key), right)
    assert verdict.passed, verdict.problem
