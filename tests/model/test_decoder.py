import pytest
import torch

from axialkit.model.aspp import Aspp
from axialkit.model.decoder import (
    BranchWidths,
    LightDecoder,
    PanopticDeepLabDecoder,
)
from tests.conftest import golden_cases
from tests.golden_layers import check_layer, meta

NAMES = ("res5", "res3", "res2")


class Concatenated(PanopticDeepLabDecoder):
    """The golden case hands over one tensor of 19 + 1 + 2 channels."""

    def forward(self, deep: torch.Tensor, middle: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        return torch.cat(super().forward({5: deep, 4: middle, 3: fine}), dim=1)


def golden_key(key: str) -> str:
    """The case is the decoder alone, whose parts have other names than in a checkpoint."""
    for ours, golden in {
        "semantic_last_layer": "_semantic_head/final_conv",
        "semantic_head_without_last_layer": "_semantic_head/conv_block",
        "_head_last_layer": "_head/final_conv",
        "_head_without_last_layer": "_head/conv_block",
    }.items():
        key = key.replace(ours, golden)
    return f"decoder/{key if key.startswith('_') else '_' + key}"


def test_decoder_and_heads_equal_the_reference(load_golden):
    arrays = load_golden("model/layers/decoder.npz")
    about = meta(arrays)
    inputs = {5 - i: arrays[f"in/{name}"].shape[-1] for i, name in enumerate(NAMES)}
    heads = (about["center_head"], about["reg_head"])
    semantic = BranchWidths(
        about["aspp_channels"], (64, 32), about["decoder_channels"], (about["sem_head"],)
    )
    instance = BranchWidths(about["inst_aspp"], (32, 16), about["inst_decoder"], heads)
    decoder = Concatenated(inputs, 19, semantic, instance)
    check_layer(decoder, arrays, key_of=golden_key)


@pytest.mark.parametrize("case", golden_cases("model/layers/aspp_*.npz"), ids=lambda c: c.stem)
def test_aspp_equals_the_reference(case, load_golden):
    arrays = load_golden(case)
    about = meta(arrays)
    pool = tuple(about["pool"]) if about["pool"] else None
    layer = Aspp(8, 6, rates=tuple(about["rates"]), pool=pool)
    # five branches end in dropout, so that training has no fixed answer
    check_layer(layer, arrays, modes=("eval", "train") if about["only_1x1"] else ("eval",))


def test_aspp_averages_maps_smaller_than_its_window():
    torch.manual_seed(0)
    layer, whole = Aspp(3, 4, rates=(2,), pool=(9, 9)).eval(), Aspp(3, 4, rates=(2,)).eval()
    whole.load_state_dict(layer.state_dict())
    x = torch.randn(1, 3, 5, 7)
    torch.testing.assert_close(layer(x), whole(x))


def test_light_decoder_answers_at_the_finest_stride():
    channels = {2: 8, 3: 12, 4: 20}
    decoder = LightDecoder(channels, num_classes=19, channels=16).eval()
    features = {n: torch.randn(2, c, -(-129 // 2**n), -(-257 // 2**n)) for n, c in channels.items()}
    prediction = decoder(features)
    assert prediction.semantic.shape == (2, 19, 33, 65)
    assert prediction.center.shape == (2, 1, 33, 65)
    assert prediction.offset.shape == (2, 2, 33, 65)
    for stage in features:  # every feature counts
        changed = {**features, stage: features[stage] + 1}
        assert not torch.allclose(decoder(changed).semantic, prediction.semantic)
