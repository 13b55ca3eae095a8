"""The choice of a kernel: a pure function, over a table of GPUs that were never here."""

import pytest
import torch

from axialkit.attention import AxialAttention1d, explain_backend
from axialkit.attention.backends import running_backend
from axialkit.attention.kernels import (
    KERNELS,
    Answer,
    Choice,
    Situation,
    ask_and_choose,
    ask_kernels,
    choose_kernel,
)

MAX_S = {"heads": 8, "length": 129, "key_depth": 32, "value_depth": 64}
WIDE = {"heads": 8, "length": 129, "key_depth": 128, "value_depth": 256}
HALF = torch.float16


def gpu(capability, dtype, shape=MAX_S, *, training=False, **changes):
    situation = Situation(
        device="cuda", capability=capability, dtype=dtype, sequences=65, **shape, bias=True,
        bias_needs_gradient=training, value_content=True, value_position=True,
    )  # fmt: skip
    return situation._replace(**changes)


def answers(situation, deepest):
    """What kernels say whose values may be that deep; 0: they are not there, math takes all."""
    limits = {"math": 10**9} | deepest
    return {
        (kernel, purpose): Answer(True) if depth <= limits.get(kernel, 0)
        else Answer(False, f"{kernel} stops at {limits.get(kernel, 0)}")
        for purpose, depth in situation.asked_depths().items() for kernel in KERNELS
    }  # fmt: skip


ALL = {"cudnn": 128, "flash": 256, "efficient": 10**9}
TABLE = [
    # capability, dtype, shape, training, deepest values, kernel, route
    ((9, 0), torch.bfloat16, MAX_S, False, ALL, "flash", "extended"),
    ((9, 0), torch.bfloat16, MAX_S, False, {**ALL, "cudnn": 256}, "cudnn", "extended"),
    ((9, 0), torch.bfloat16, MAX_S, False, {"cudnn": 129}, "cudnn", "identity"),
    ((9, 0), torch.bfloat16, MAX_S, True, ALL, "efficient", "extended"),
    ((9, 0), torch.bfloat16, MAX_S, True, {"cudnn": 999, "flash": 999}, "math", "extended"),
    ((8, 0), torch.bfloat16, MAX_S, False, {"cudnn": 128}, "cudnn", "recomputed"),
    ((8, 0), torch.bfloat16, WIDE, False, ALL, "flash", "identity"),
    ((8, 0), torch.float32, WIDE, False, {"efficient": 10**9}, "efficient", "extended"),
    ((8, 0), torch.float32, WIDE, False, {}, "math", "extended"),
    ((7, 5), HALF, MAX_S, False, {**ALL, "cudnn": 999, "flash": 999}, "efficient", "extended"),
    ((7, 5), HALF, MAX_S, True, ALL, "efficient", "extended"),
    ((7, 5), torch.bfloat16, MAX_S, False, {**ALL, "cudnn": 999}, "math", "extended"),
]


@pytest.mark.parametrize(
    ("capability", "dtype", "shape", "training", "deepest", "kernel", "route"), TABLE
)
def test_choice(capability, dtype, shape, training, deepest, kernel, route):
    situation = gpu(capability, dtype, shape, training=training)
    choice = choose_kernel(situation, answers(situation, deepest))
    assert (choice.kernel, choice.route) == (kernel, route)
    assert set(choice.reasons) == set(KERNELS) - {kernel}
    assert all(reason and "\n" not in reason for reason in choice.reasons.values())


def test_reasons_are_told():
    situation = gpu((7, 5), HALF)
    reasons = choose_kernel(situation, answers(situation, ALL)).reasons
    assert reasons["cudnn"] == "needs compute capability 8.0, this GPU has 7.5"
    assert reasons["math"] == "would do, but stores the attention map, which efficient does not"
    situation = gpu((9, 0), torch.bfloat16, training=True)
    reasons = choose_kernel(situation, answers(situation, ALL)).reasons
    assert "no gradient to the bias" in reasons["cudnn"]
    situation = gpu((9, 0), torch.bfloat16, WIDE)
    reasons = choose_kernel(situation, answers(situation, {**ALL, "flash": 999})).reasons
    assert reasons["cudnn"] == "cudnn stops at 128"


def test_parts_that_are_off_are_not_asked_for():
    plain = gpu((9, 0), HALF, bias=False, value_position=False)
    assert choose_kernel(plain, answers(plain, ALL))[:2] == ("cudnn", "none")
    training = plain._replace(bias_needs_gradient=False)
    assert choose_kernel(training, answers(training, ALL))[0] == "cudnn"
    only_positions = gpu((9, 0), HALF, value_content=False)
    assert set(only_positions.asked_depths()) == {"identity"}
    choice = choose_kernel(only_positions, answers(only_positions, {"flash": 256}))
    assert choice[:2] == ("flash", "identity")


def test_auto_takes_sdpa_on_gpus_only_where_a_fast_kernel_fits(monkeypatch):
    situation = gpu((9, 0), HALF)
    for kernel, backend in (("cudnn", "sdpa"), ("efficient", "sdpa"), ("math", "fused")):
        choice = Choice(kernel, "extended", {})
        monkeypatch.setattr("axialkit.attention.backends.ask_and_choose", lambda _, c=choice: c)
        running = running_backend("auto", situation, softmax=True)
        assert running == (backend, choice)
        assert running_backend("sdpa", situation, softmax=True) == ("sdpa", choice)
    assert running_backend("auto", situation, softmax=False).backend == "fused"
    on_cpu = situation._replace(device="cpu", capability=None)
    assert running_backend("auto", on_cpu, softmax=True).backend == "fused"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_kernels_of_this_cpu_are_asked(dtype):
    situation = gpu(None, dtype)._replace(device="cpu")
    found = ask_kernels(situation)
    assert {kernel for (kernel, _), answer in found.items() if answer.usable} == {"flash", "math"}
    assert ask_and_choose(situation)[:2] == ("flash", "extended")
    training = situation._replace(bias_needs_gradient=True)
    assert ask_and_choose(training)[:2] == ("math", "extended")


def test_explained_in_plain_lines(capsys):
    layer = AxialAttention1d(8, 8, 16, heads=2).eval()
    x = torch.empty(5, 9, 8)
    with torch.no_grad():
        explain_backend(layer, x)
    said = capsys.readouterr().out
    assert "5 sequences of 9, 2 heads of depth 4 (keys) and 8 (values), float32 on cpu" in said
    assert "runs: fused (the layer is set to auto)" in said
    assert "auto takes it on CUDA devices only" in said
    for kernel in KERNELS:
        (line,) = (line for line in said.splitlines() if line.split()[:1] == [kernel])
        assert len(line.split()) > 2
    layer.backend = "sdpa"
    explain_backend(layer, x)  # with gradients
    said = capsys.readouterr().out
    assert "runs: sdpa, kernel math (the layer is set to sdpa)" in said
    assert "gives no gradient to the bias" in said
    explain_backend(AxialAttention1d(8, 8, 16, heads=2, activation="sigmoid"), x)
    assert "takes the sigmoid of its logits" in capsys.readouterr().out
