import pytest
import torch

from axialkit.attention import (
    AxialAttention1d,
    AxialAttention2d,
    GlobalAttention2d,
    Terms,
    set_attention_backend,
)
from tests.conftest import golden_cases
from tests.golden_layers import check_layer, meta

# The plain batch norm differs only where no case below looks: its attention norms are biased too.
BACKENDS = ["reference", "fused", "sdpa"]
CASES_1D = golden_cases("model/layers/axial1d_*.npz")
CASES_2D = golden_cases("model/layers/axial2d_*.npz")


@pytest.mark.parametrize(
    ("case", "backend"),
    [
        pytest.param(case, backend, id=f"{case.stem}-{backend}")
        for case in CASES_1D
        for backend in BACKENDS
        if not ("sigmoid" in case.stem and backend == "sdpa")  # refused, see test_backends
    ],
)
def test_axis_equals_the_reference(case, backend, load_golden):
    arrays = load_golden(case)
    about = meta(arrays)
    layer = AxialAttention1d(
        about["in_channels"],
        about["total_key_depth"],
        about["total_value_depth"],
        about["num_heads"],
        terms=Terms(
            content=about["use_content_similarity"],
            query_position=about["use_query_rpe_similarity"],
            key_position=about["use_key_rpe_similarity"],
            value_content=about["retrieve_value_content"],
            value_position=about["retrieve_value_rpe"],
        ),
        activation=about["activation"],
        backend=backend,
    )
    check_layer(layer, arrays)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", CASES_2D, ids=lambda path: path.stem)
def test_height_then_width_equals_the_reference(case, backend, load_golden):
    arrays = load_golden(case)
    about = meta(arrays)
    layer = AxialAttention2d(
        arrays["in/x"].shape[-1],
        about["filters"] * about["key_expansion"],
        about["filters"] * about["value_expansion"],
        about["num_heads"],
        stride=about["strides"],
    )
    set_attention_backend(layer, backend)
    check_layer(layer, arrays)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "case", golden_cases("model/layers/global2d_*.npz"), ids=lambda path: path.stem
)
def test_global_attention_equals_the_reference(case, backend, load_golden):
    arrays = load_golden(case)
    about = meta(arrays)
    layer = GlobalAttention2d(
        arrays["in/x"].shape[-1],
        about["filters"] * about["key_expansion"],
        about["filters"] * about["value_expansion"],
        about["num_heads"],
        stride=about["strides"],
        double=about["double"],
    )
    set_attention_backend(layer, backend)
    check_layer(layer, arrays)


def test_equals_a_loop_over_pixels():
    """The formula in plain loops, batch norms at their initial state."""
    torch.manual_seed(0)
    layer = AxialAttention1d(6, 4, 6, heads=2, max_distance=3).eval().double()
    x = torch.randn(2, 5, 6, dtype=torch.float64)
    scale = (1 + 1e-3) ** -0.5
    expected = torch.zeros(2, 5, 6, dtype=torch.float64)
    for b in range(2):
        qkv = [layer.qkv.weight @ x[b, i] * scale for i in range(5)]
        for head in range(2):
            q = [row[:4].view(2, 2)[head] for row in qkv]
            k = [row[4:8].view(2, 2)[head] for row in qkv]
            v = [row[8:].view(2, 3)[head] for row in qkv]
            for i in range(5):
                rows = [max(-2, min(2, j - i)) + 2 for j in range(5)]
                logits = torch.stack(
                    [
                        q[i] @ k[j]
                        + q[i] @ layer.query_table[rows[j]]
                        + k[j] @ layer.key_table[rows[j]]
                        for j in range(5)
                    ]
                )
                w = (logits * scale).softmax(0)
                out = sum(w[j] * (v[j] + layer.value_table[rows[j]]) for j in range(5))
                expected[b, i, 3 * head : 3 * head + 3] = out * scale
    torch.testing.assert_close(layer(x), expected)


def test_one_hop_sees_the_column_two_hops_see_everything():
    torch.manual_seed(0)
    layer = AxialAttention2d(4, 4, 4, heads=2).eval()
    x = torch.randn(1, 4, 5, 7, requires_grad=True)
    columns = layer.height(x[0].permute(2, 1, 0)).permute(2, 1, 0)  # c h w
    (seen,) = torch.autograd.grad(columns[:, 2, 3].sum(), x)
    assert seen[0].abs().sum(0).nonzero()[:, 1].unique().tolist() == [3]
    (seen,) = torch.autograd.grad(layer(x)[0, :, 2, 3].sum(), x)
    assert (seen[0].abs().sum(0) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "terms"),
    [
        ((8, 6, 8, 4), Terms()),
        ((8, 8, 6, 4), Terms()),
        ((8, 8, 8, 4), Terms(content=False, query_position=False, key_position=False)),
        ((8, 8, 8, 4), Terms(value_content=False, value_position=False)),
    ],
)
def test_impossible_layers_are_refused(arguments, terms):
    with pytest.raises(ValueError, match="must"):
        AxialAttention1d(*arguments, terms=terms)
