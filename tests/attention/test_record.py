import pytest
import torch
from torch import nn

from axialkit.attention import record_attention
from axialkit.model import build_model


def test_records_every_layer_and_removes_its_hooks():
    model = build_model("tiny_avenue").eval()
    image = torch.randint(0, 256, (2, 3, 65, 129), dtype=torch.uint8)
    plain = model(image).semantic
    with record_attention(model) as maps:
        recorded = model(image).semantic
    torch.testing.assert_close(recorded, plain, rtol=0, atol=0)
    assert list(maps) == [
        "stage3.block2.height",
        "stage3.block2.width",
        "stage3.block3.height",
        "stage3.block3.width",
    ]
    assert maps["stage3.block2.height"].shape == (2 * 17, 4, 9, 9)  # (batch, column)
    assert maps["stage3.block2.width"].shape == (2 * 9, 4, 17, 17)  # (batch, row)
    for weights in maps.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    before = {name: weights.clone() for name, weights in maps.items()}
    model(image.flip(-1))
    assert all(torch.equal(maps[name], before[name]) for name in maps)


def test_hooks_go_even_if_the_body_fails():
    model = build_model("tiny_avenue").eval()
    with pytest.raises(RuntimeError), record_attention(model):
        raise RuntimeError
    assert not any(m._forward_hooks for m in model.modules())


def test_a_model_without_attention_is_refused():
    with (
        pytest.raises(ValueError, match="no axial attention"),
        record_attention(nn.Conv2d(1, 1, 1)),
    ):
        pass
