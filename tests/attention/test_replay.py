"""Replayed weights against recorded ones and against loops."""

import pytest
import torch

from axialkit.attention import AxialAttention1d, AxialAttention2d, Terms, axial_layers
from axialkit.attention.record import record_attention
from axialkit.attention.replay import LogitTerms, global_weights, record_inputs, replay_weights
from axialkit.errors import InputError

ROWS, COLUMNS = 4, 6


@pytest.fixture(scope="module")
def layer():
    torch.manual_seed(0)
    layer = AxialAttention2d(8, 8, 12, heads=2).eval()
    for part in axial_layers(layer).values():
        for norm in (part.norm_qkv, part.norm_logits, part.norm_output):
            for name in ("weight", "running_var"):
                torch.nn.init.uniform_(getattr(norm, name), 0.5, 2)
            torch.nn.init.normal_(norm.bias)
    return layer


@pytest.fixture(scope="module")
def recorded(layer):
    image = torch.randn(1, 8, ROWS, COLUMNS)
    with (
        torch.no_grad(),
        record_inputs(layer) as inputs,
        record_attention(layer, terms=True) as maps,
    ):
        layer(image)
    return inputs, maps


@pytest.mark.parametrize("axis", ["height", "width"])
def test_all_terms_give_the_recorded_weights(layer, recorded, axis):
    inputs, maps = recorded
    weights = replay_weights(getattr(layer, axis), inputs[axis])
    torch.testing.assert_close(weights, maps[axis])


@pytest.mark.parametrize("terms", [(1, 0, 0), (0, 1, 0), (0, 1, 1), (1, 0, 1)])
def test_terms_that_are_off_do_not_count(layer, recorded, terms):
    inputs, maps = recorded
    chosen = sum(logits for logits, on in zip(maps.terms["width"], terms, strict=True) if on)
    weights = replay_weights(layer.width, inputs["width"], LogitTerms(*map(bool, terms)))
    torch.testing.assert_close(weights, chosen.softmax(-1))


def test_without_any_term_all_keys_weigh_the_same(layer, recorded):
    weights = replay_weights(layer.height, recorded[0]["height"], LogitTerms(*[False] * 3))
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / ROWS))


def test_a_term_that_a_layer_lacks_cannot_count():
    layer = AxialAttention1d(4, 4, 4, heads=1, terms=Terms(query_position=False)).eval()
    x = torch.randn(2, 3, 4)
    off = replay_weights(layer, x, LogitTerms(content=False, key_position=False))
    torch.testing.assert_close(off, torch.full((2, 1, 3, 3), 1 / 3))
    torch.testing.assert_close(
        replay_weights(layer, x), replay_weights(layer, x, LogitTerms(query_position=False))
    )


def test_hooks_are_removed_after_an_error(layer):
    with pytest.raises(RuntimeError, match="stop"), record_inputs(layer) as inputs:
        raise RuntimeError("stop")
    layer(torch.randn(1, 8, 2, 2))
    assert inputs == {}


def test_global_weights_equal_loops(layer, recorded):
    x = recorded[0]["height"]
    part = layer.height
    cells = torch.tensor([(0, 0), (3, 5), (1, 4)])
    with torch.no_grad():
        q, k, _ = part.project(x)
    found = global_weights(part, q, k, cells)
    assert found.shape == (3, 2, ROWS, COLUMNS)
    scale = part.logit_affine()[0][0].detach()  # a common shift changes no softmax
    for n, (y, column) in enumerate(cells.tolist()):
        for head in range(2):
            logits = torch.zeros(ROWS, COLUMNS)
            for i in range(ROWS):
                for j in range(COLUMNS):
                    product = float(q[column, head, y] @ k[j, head, i])
                    logits[i, j] = product * float(scale[head])
            expected = (logits - logits.max()).exp()
            torch.testing.assert_close(found[n, head], expected / expected.sum())


def test_global_weights_need_content():
    layer = AxialAttention1d(4, 4, 4, heads=1, terms=Terms(content=False)).eval()
    with pytest.raises(InputError, match="no content term"):
        global_weights(layer, *layer.project(torch.randn(2, 3, 4))[:2], torch.tensor([(0, 0)]))
