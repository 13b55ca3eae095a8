"""All backends against the definition: answers, gradients and moving statistics."""

import itertools

import pytest
import torch
from torch import nn

from axialkit.attention import (
    AxialAttention1d,
    AxialAttention2d,
    Terms,
    attention_backend,
    axial_layers,
    set_attention_backend,
    tiles,
)
from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.statistics import logit_moments, materialized_moments
from axialkit.errors import InputError

TERMS = [
    Terms(*on) for on in itertools.product([True, False], repeat=5) if any(on[:3]) and any(on[3:])
]
# length, max_distance, heads, channels per head of keys and values
SHAPES = {
    "clipped": (9, 3, 2, 4, 6),
    "one position": (1, 255, 1, 2, 3),
    "sixteen heads": (7, 255, 16, 1, 2),
    "several tiles": (150, 255, 2, 3, 2),
    "beyond the table": (40, 7, 3, 2, 5),
}


def make(terms=Terms(), activation="softmax", shape="clipped", dtype=torch.float64):  # noqa: B008
    """A layer whose norms are far from the identity."""
    torch.manual_seed(0)
    _, reach, heads, keys, values = SHAPES[shape]
    layer = AxialAttention1d(
        6, keys * heads, values * heads, heads, terms=terms, activation=activation,
        max_distance=reach,
    )  # fmt: skip
    for module in layer.modules():
        if isinstance(module, BatchNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return layer.to(dtype)


def run(layer, x, backend, *, training):
    """Answer, gradients (zero where there is none) and statistics, from the same start."""
    state = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    layer.train(training).zero_grad()
    layer.backend = backend
    x = x.clone().requires_grad_()
    answer = layer(x)
    (answer * torch.linspace(-1, 1, answer.numel(), dtype=x.dtype).view_as(answer)).sum().backward()
    found = {"answer": answer.detach(), "grad x": x.grad}
    for name, parameter in layer.named_parameters():
        found[f"grad {name}"] = torch.zeros_like(parameter) if parameter.grad is None else (
            parameter.grad.clone()
        )  # fmt: skip
    found |= {name: buffer.clone() for name, buffer in layer.named_buffers()}
    if not training:
        with torch.no_grad():
            found["without gradients"] = layer(x)
    layer.load_state_dict(state)
    return found


def assert_same(found, expected, tolerance):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        error = (found[name] - value).abs().max() / max(1, value.abs().max())
        assert error <= tolerance, f"{name}: {error:.1e}"


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: "".join("01"[on] for on in terms))
def test_every_switch_in_every_backend(terms, activation, training):
    layer = make(terms, activation)
    x = torch.randn(4, 9, 6, dtype=torch.float64)
    expected = run(layer, x, "reference", training=training)
    assert_same(run(layer, x, "fused", training=training), expected, 1e-11)
    assert_same(run(layer, x, "auto", training=training), expected, 1e-11)
    if activation == "softmax":
        assert_same(run(layer, x, "sdpa", training=training), expected, 1e-11)
    else:
        with pytest.raises(InputError, match=r"sigmoid.*Choose auto, reference or fused"):
            layer.backend = "sdpa"


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("backend", ["fused", "sdpa"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_in_every_backend(shape, backend, training):
    layer = make(shape=shape)
    x = torch.randn(3, SHAPES[shape][0], 6, dtype=torch.float64)
    expected = run(layer, x, "reference", training=training)
    assert_same(run(layer, x, backend, training=training), expected, 1e-11)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_float32_is_as_near_as_the_definition(training):
    """Of 65 sequences: several chunks."""
    layer = make(shape="several tiles", dtype=torch.float32)
    x = torch.randn(65, 150, 6)
    exact = run(layer.double(), x.double(), "reference", training=training)
    by_definition = run(layer.float(), x, "reference", training=training)
    found = run(layer.float(), x, "fused", training=training)
    for name, truth in exact.items():
        size = max(1, float(truth.abs().max()))
        error = float((found[name] - truth).abs().max()) / size
        allowed = float((by_definition[name] - truth).abs().max()) / size
        assert error <= max(3 * allowed, 1e-5), f"{name}: {error:.1e} against {allowed:.1e}"


@pytest.mark.parametrize("terms", [Terms(), *TERMS[1::3]])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_gradients_of_the_fused_layer_by_differences(terms, activation):
    """Through projection, exact batch statistics, attention and output norms."""
    layer = make(terms, activation).train()
    layer.backend = "fused"
    names = [name for name, _ in layer.named_parameters()]

    def answer(x, *tensors):
        return torch.func.functional_call(layer, dict(zip(names, tensors, strict=True)), (x,))

    x = torch.randn(3, 4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(answer, (x, *layer.parameters()), atol=1e-6, fast_mode=True)


@pytest.mark.parametrize("content", [True, False])
@pytest.mark.parametrize("positions", [True, False])
def test_moments_and_their_gradients(content, positions):
    torch.manual_seed(0)
    q, k = (torch.randn(3, 2, 5, 4, dtype=torch.float64, requires_grad=True) for _ in "qk")
    rows = [torch.randn(9, 4, dtype=torch.float64, requires_grad=True) for _ in "qk"]
    rows = rows if positions or not content else [None, None]

    def moments(q, k, *rows):
        found = logit_moments(q, k, *rows, content=content)
        return found.total, found.squares

    assert torch.autograd.gradcheck(moments, (q, k, *rows))
    # row n of the rows is distance 4 - n
    index = 4 - (torch.arange(5)[None] - torch.arange(5)[:, None])
    terms = [torch.einsum("bhid,bhjd->bhij", q, k)] if content else []
    if rows[0] is not None:
        terms.append(torch.einsum("bhid,ijd->bhij", q, rows[0][index]))
        terms.append(torch.einsum("bhjd,ijd->bhij", k, rows[1][index]))
    expected = materialized_moments(terms)
    for ours, theirs in zip(moments(q, k, *rows), expected[:2], strict=True):
        torch.testing.assert_close(ours, theirs)
    assert logit_moments(q, k, *rows, content=content).numbers == expected.numbers == 75


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("elements", [1, 200, 1500])
def test_cut_into_the_smallest_pieces(elements, training, monkeypatch):
    """Single queries of single heads; some heads; some sequences."""
    monkeypatch.setattr(tiles, "CPU_ELEMENTS", elements)
    monkeypatch.setattr(tiles, "TILE_QUERIES", 4)
    layer = AxialAttention1d(6, 12, 18, heads=6).double()
    x = torch.randn(5, 11, 6, dtype=torch.float64)
    expected = run(layer, x, "reference", training=training)
    assert_same(run(layer, x, "fused", training=training), expected, 1e-11)


def test_second_derivatives_are_refused():
    layer = make().eval()
    layer.backend = "fused"
    x = torch.randn(2, 9, 6, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match=r'set_attention_backend\(model, "reference"\)'):
        slope.sum().backward()


@pytest.mark.parametrize("length", [33, 65, 129])
def test_nothing_of_the_size_of_a_map_is_kept_for_the_way_back(length):
    layer = AxialAttention1d(8, 16, 32, heads=8, backend="fused")
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        layer(torch.randn(2, length, 8, requires_grad=True))
    assert kept
    assert not [x.shape for x in kept if x.numel() >= length * length * 8]
    assert not [x.shape for x in kept if x.ndim > 1 and x.shape[-1] == x.shape[-2] == length]


@pytest.mark.parametrize("backend", ["reference", "fused", "sdpa"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_autocast_keeps_statistics_and_softmax_in_float32(backend, dtype, training):
    layer = make(dtype=torch.float32).train(training)
    x = torch.randn(4, 9, 6)
    state = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    expected = layer(x)
    layer.load_state_dict(state)
    layer.backend = backend
    with torch.autocast("cpu", dtype=dtype):
        found = layer(x)
        found.float().square().sum().backward()
    assert layer.norm_logits.running_var.dtype == torch.float32
    error = (found.float() - expected).abs().max() / expected.abs().max()
    assert error < (0.1 if dtype == torch.bfloat16 else 0.02)
    assert all(p.grad is None or p.grad.isfinite().all() for p in layer.parameters())


def test_one_switch_for_a_whole_model():
    model = nn.Sequential(AxialAttention2d(6, 4, 6, heads=2), AxialAttention2d(6, 4, 6, heads=2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert set_attention_backend(model, "fused") == 4
    assert {layer.backend for layer in axial_layers(model).values()} == {"fused"}
    with attention_backend(model, "reference"):
        assert {layer.backend for layer in axial_layers(model).values()} == {"reference"}
    assert {layer.backend for layer in axial_layers(model).values()} == {"fused"}
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
    x = torch.randn(2, 6, 5, 7)
    fused = model(x)  # in training, between two steps
    set_attention_backend(model, "reference")
    torch.testing.assert_close(model(x), fused, atol=1e-5, rtol=1e-4)


def test_wrong_backends_are_refused_and_nothing_is_switched():
    model = nn.Sequential(make(), make(activation="sigmoid"))
    with pytest.raises(ValueError, match=r'"flash".*auto, reference, fused, sdpa'):
        set_attention_backend(model, "flash")
    with pytest.raises(ValueError, match=r"^1: .*sigmoid"):
        set_attention_backend(model, "sdpa")
    assert {layer.backend for layer in model} == {"auto"}
    with pytest.raises(ValueError, match="auto, reference, fused, sdpa"):
        AxialAttention1d(6, 4, 6, heads=2, backend="cudnn")


def test_columns_stay_columns_in_memory():
    """The height pass answers in the layout of the image, so the width pass copies nothing."""
    layer = AxialAttention1d(6, 4, 6, heads=2).eval()
    image = torch.randn(5, 7, 6)  # h w c
    with torch.no_grad():
        columns = layer(image.transpose(0, 1))
        torch.testing.assert_close(columns, layer(image.transpose(0, 1).contiguous()))
    assert columns.transpose(0, 1).is_contiguous()


@pytest.mark.parametrize("backend", ["reference", "fused", "sdpa"])
def test_no_sequences_at_all(backend):
    layer = make(dtype=torch.float32).eval()
    layer.backend = backend
    x = torch.empty(0, 9, 6, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == (0, 9, 6)
    with torch.no_grad():
        assert layer(x).shape == (0, 9, 12)
