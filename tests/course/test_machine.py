"""Lesson 07's measurements: counts are exact, times are positive, figures say what they show."""

import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

from axialkit.attention import AxialAttention1d
from axialkit.bench.attention import Shape
from axialkit.course import (
    block_times,
    causes,
    fusion_figures,
    machine,
    memory_story,
    roofline_figures,
    speed_figures,
)
from axialkit.course.bands import band
from axialkit.course.machine import Dot, Machine
from axialkit.course.memory_story import Moment
from axialkit.course.sensitive import position_sensitive_attention
from axialkit.model.peak import Ledger

SMALL = Shape(rows=3, length=9, in_channels=16, key_depth=16, value_depth=32, heads=2)
MINE = Machine("a machine", peak=100e9, bandwidth=10e9, source="measured here")


def texts(figure: Figure) -> list[str]:
    figure.canvas.draw()  # nothing fails when it is rendered
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.fixture(scope="module")
def dots() -> list[Dot]:
    found, refused = machine.backend_dots(SMALL, "cpu", rounds=1, seed=0)
    assert set(refused) == {"cudnn", "efficient"}
    return found


# ---- the ledger


def test_the_ledger_counts_what_is_read_and_written() -> None:
    x = torch.zeros(10, 4)
    with Ledger() as ledger:
        y = x.t() * 2  # a view moves nothing
        y += 1
        z = torch.empty(100)
    assert [(step.name, step.moved) for step in ledger.steps] == [
        ("mul", 320),
        ("add_", 320),
        ("empty", 0),
    ]
    assert [step.living for step in ledger.steps] == [160, 160, 560]
    assert (ledger.moved, ledger.peak, len(z)) == (640, 560, 100)


def test_repeated_rows_count_once() -> None:
    row = torch.zeros(1, 8)
    with Ledger() as ledger:
        row.expand(50, 8).clone()
    assert ledger.moved == 8 * 4 + 50 * 8 * 4


# ---- the machine and the backends


def test_backends_have_the_same_answers_and_operations(dots: list[Dot]) -> None:
    runs, _ = machine.backend_runs(SMALL, "cpu", seed=0)
    answers = [run() for run in runs.values()]
    for answer in answers[1:]:
        torch.testing.assert_close(answer.flatten(), answers[0].flatten(), rtol=1e-4, atol=1e-4)
    names = [dot.name for dot in dots]
    assert names[:2] == ["reference (einsum)", "fused (the kit's)"]
    assert names[2:] == ["sdpa, kernel flash", "sdpa, kernel math"]
    layer = AxialAttention1d(16, 16, 32, heads=2)
    pairs = 3 * 9 * 9
    products = layer.key_channels * 3 + layer.value_channels * 2
    assert {dot.flops for dot in dots} == {2 * pairs * products}
    assert all(dot.seconds > 0 for dot in dots)


def test_the_fused_backend_moves_vectors_only(dots: list[Dot]) -> None:
    """Three lines more are their queries, keys, values and answers; the tables stay."""
    runs, _ = machine.backend_runs(SMALL._replace(rows=6), "cpu", seed=0)
    fused = dots[1]
    more = machine.moved_by(runs[fused.name]) - fused.moved
    assert more == 3 * 9 * (16 + 16 + 32 + 32) * 4
    assert dots[0].moved > 2 * fused.moved


def test_a_machine_is_made_of_its_dots() -> None:
    dots = [Dot("copy", 0, 80, 2.0), Dot("product", 300, 10, 3.0), Dot("sum", 5, 60, 1.0)]
    found = machine.this_machine(dots, "cpu")
    assert (found.peak, found.bandwidth, found.ridge) == (100.0, 40.0, 2.5)
    assert found.name.startswith("one thread of ")
    assert dots[1].intensity == 30.0 and dots[1].speed == 100.0


def test_sheets() -> None:
    for name in ("T4", "A100", "H100"):
        single, half = machine.sheet(name, 4), machine.sheet(name, 2)
        assert half.peak > 8 * single.peak and half.bandwidth == single.bandwidth
        assert "data sheet" in single.source


# ---- causes, memory, blocks


@pytest.mark.parametrize("length", [1, 7])
def test_three_ways_attend_alike(length: int) -> None:
    q, k, v = torch.randn(3, 2, 3, length, 8)
    expected = (q @ k.mT).softmax(-1) @ v
    in_place = causes.attend_in_place(q, k, v)
    in_place()
    for got in (causes.attend_by_einsum(q, k, v), causes.attend_by_kernel(q, k, v), in_place()):
        torch.testing.assert_close(got, expected)


def test_gains_are_quotients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causes, "PIXELS", 40)
    found = causes.length_seconds((4, 9), rounds=1)
    assert found.keys() == {4, 9} and set(found[4]) == set(causes.WAYS)
    lengths = {65: dict(zip(causes.WAYS, (6.0, 3.0, 2.0), strict=True))}
    lengths[1025] = dict(zip(causes.WAYS, (8.0, 2.0, 1.0), strict=True))
    assert causes.gains({"one call": 2.0, "line by line": 14.0}, lengths) == {
        "lines in one call": 7.0,
        "memory used again, L = 65": 2.0,
        "the kernel, L = 65": 1.5,
        "memory used again, L = 1025": 4.0,
        "the kernel, L = 1025": 2.0,
    }
    assert list(band("three causes").values) == list(
        causes.gains({"one call": 2.0, "line by line": 1.0}, lengths)
    )


def test_memory_by_hand() -> None:
    given = memory_story.example(SMALL)
    q, k, v, tables = given
    story, answer = memory_story.stored_story(*given)
    torch.testing.assert_close(answer, position_sensitive_attention(q, k, v, tables))
    one_map, vectors = 3 * 2 * 9 * 9 * 4, 9 * 9 * (8 + 8 + 16) * 4
    index = 9 * 9 * 8
    names = [moment.name for moment in story]
    assert names == ["q · k", "q · r_q", "k · r_k", "sum", "softmax", "v", "r_v"]
    assert story[0].most <= one_map + vectors + 3 * index
    assert story[3].most - story[2].most == 2 * one_map
    assert story[5].most - story[4].most == 3 * 9 * 32 * 4


def test_all_stories_give_one_answer_and_fused_holds_least() -> None:
    shape = Shape(rows=30, length=129)
    found = memory_story.stories(shape)
    worst = [max(moment.most for moment in story) for story in found.values()]
    assert worst == sorted(worst, reverse=True)
    again = memory_story.stories(shape)
    assert again == found  # whatever ran before


def test_a_block_has_its_parts() -> None:
    block = block_times.street_block("cpu", (3, 4))
    for backend in ("reference", "fused"):
        parts = block_times.part_seconds(block, backend, rounds=1)
        assert list(parts) == list(block_times.PARTS)
        assert all(seconds > 0 for seconds in parts.values())
    assert not block.module._forward_hooks


# ---- figures


def test_the_roofline_names_every_dot(dots: list[Dot]) -> None:
    jobs = [Dot("copy", 0, 80, 2.0), Dot("sum of two tensors", 10**9, 12 * 10**9, 1.0)]
    shown = texts(roofline_figures.draw_roofline(MINE, [*jobs, *dots]))
    assert {dot.name for dot in (*jobs[1:], *dots)} <= set(shown)
    assert "copy" not in shown
    assert "120 %" in shown  # of the sum: 1 GFLOP/s, where 10 GB/s allow 0.83
    assert "ridge: 10 FLOP per byte" in shown
    assert "sum of two tensors at 0.083" in roofline_figures.describe_roofline(MINE, jobs)


def test_the_explorer_knows_what_limits() -> None:
    shown = texts(roofline_figures.draw_explorer(MINE))
    assert "129 lines of 65, 8 heads of depth 32, float32" in shown
    assert any("data sheets" in text for text in shown)
    told = roofline_figures.describe_explorer(MINE, numbers="float16")
    assert "H100 by its data sheet, ridge 295: stored memory, fused memory" in told
    whole = "whole image: 1 line of 8385"
    told = roofline_figures.describe_explorer(MINE, whole, numbers="float16")
    assert "H100 by its data sheet, ridge 295: stored memory, fused calculating" in told
    own = roofline_figures.draw_explorer(MINE, roofline_figures.SLIDERS, 1, 20, 4, 8)
    assert "1 line of 20, 4 heads of depth 8, float32" in texts(own)


def test_figures_of_fusion_and_of_times() -> None:
    assert "weights · r_v" in texts(fusion_figures.draw_survival())
    assert "One stands below the box. weights · r_v" in fusion_figures.describe_survival()
    story = {"einsum, every map stored": [Moment("q · k", 5_000_000), Moment("sum", 9_000_000)]}
    assert {"5", "9", "sum"} <= set(texts(fusion_figures.draw_memory(story)))
    assert "q · k 5 MB, sum 9 MB" in fusion_figures.describe_memory(story)
    found = {65: dict(zip(causes.WAYS, (0.02, 0.015, 0.014), strict=True))}
    assert set(causes.WAYS) <= set(texts(speed_figures.draw_lengths(found)))
    assert "kernel (flash): 14 ms at 65" in speed_figures.describe_lengths(found)
    parts = {"fused": dict(zip(block_times.PARTS, (0.01, 0.02, 0.03, 0.04), strict=True))}
    assert "100 ms" in texts(speed_figures.draw_block_times(parts))
    assert "together 100 ms" in speed_figures.describe_block_times(parts)
    stored = band("three causes")
    name = "lines in one call"
    assert name in texts(speed_figures.draw_gains(stored, {name: 5.0}))
    assert "your run 5" in speed_figures.describe_gains(stored, {name: 5.0})
