import torch
from torch import nn

from axialkit.model.decoder import (
    LightDecoder,
    PanopticDeepLabDecoder,
    PredictionHead,
    SingleDecoder,
)
from tests.golden_layers import check_layer, meta


class Concatenated(nn.Module):
    """The golden case hands over one tensor of 19 + 1 + 2 channels."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, deep: torch.Tensor, middle: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        return torch.cat(self.decoder({16: deep, 8: middle, 4: fine}), dim=1)


def our_name(name: str) -> str:
    for theirs, ours in {
        "_low_level_conv": "low",
        "_fusion_conv": "fuse",
        "_aspp.": "",
        "_instance_center_head": "center_head",
        "_instance_regression_head": "offset_head",
        "_semantic": "semantic",
        "_instance_decoder": "instance_decoder",
        "conv_block": "conv",
        "conv1.depthwise": "depthwise",
        "final_conv.kernel": "final.weight",
        "finalconv.weight": "final.weight",
        "final_conv.bias": "final.bias",
    }.items():
        name = name.replace(theirs, ours)
    return name.replace("finalconv", "final")


def test_decoder_and_heads_equal_the_reference(load_golden):
    arrays = load_golden("model/layers/decoder.npz")
    about = meta(arrays)
    inputs = tuple(arrays[f"in/{name}"].shape[-1] for name in ("res5", "res3", "res2"))
    decoder = PanopticDeepLabDecoder(dict(zip((16, 8, 4), inputs, strict=True)), 19)
    channels, instance = about["decoder_channels"], about["inst_decoder"]
    # the golden case has widths of its own in every part
    decoder.semantic_decoder = SingleDecoder(inputs, about["aspp_channels"], (64, 32), channels)
    decoder.instance_decoder = SingleDecoder(inputs, about["inst_aspp"], (32, 16), instance)
    decoder.semantic_head = PredictionHead(channels, about["sem_head"], 19)
    decoder.center_head = PredictionHead(instance, about["center_head"], 1)
    decoder.offset_head = PredictionHead(instance, about["reg_head"], 2)
    check_layer(Concatenated(decoder), arrays, rename=our_name)


def test_light_decoder_answers_at_the_finest_stride():
    decoder = LightDecoder({4: 8, 8: 12, 16: 20}, num_classes=19, channels=16).eval()
    features = {
        s: torch.randn(2, c, -(-129 // s), -(-257 // s)) for s, c in ((4, 8), (8, 12), (16, 20))
    }
    prediction = decoder(features)
    assert prediction.semantic.shape == (2, 19, 33, 65)
    assert prediction.center.shape == (2, 1, 33, 65)
    assert prediction.offset.shape == (2, 2, 33, 65)
    for stride in features:  # every feature counts
        changed = {**features, stride: features[stride] + 1}
        assert not torch.allclose(decoder(changed).semantic, prediction.semantic)
