"""Every option of the configuration reaches the network and runs."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from axialkit.attention import AxialAttention1d, AxialAttention2d, GlobalAttention2d
from axialkit.attention.batch_norm import BatchNorm
from axialkit.config import (
    PRESETS,
    AttentionConfig,
    BackboneConfig,
    DecoderConfig,
    ExperimentConfig,
    TrainConfig,
)
from axialkit.errors import InputError
from axialkit.model import build_classifier, build_model
from axialkit.model.block_maker import ACTIVATIONS
from axialkit.model.convolutions import ConvNormAct, SqueezeExcite
from axialkit.model.switchable import SwitchableConv2d

NARROW_DECODER = DecoderConfig(
    channels=16,
    instance_channels=8,
    aspp_channels=12,
    instance_aspp_channels=10,
    head_channels=8,
    instance_head_channels=8,
)


def narrow(kind: str, **options) -> ExperimentConfig:
    """Any backbone, some hundred times smaller."""
    sizes = {"width_multiplier": 0.0625, "stem_width_multiplier": 0.125}
    attention = options.pop("attention", AttentionConfig(heads=2))
    backbone = BackboneConfig(kind=kind, attention=attention, **{**sizes, **options})
    return ExperimentConfig(backbone=backbone, decoder=NARROW_DECODER)


VARIATIONS = {
    "output_stride_8": {"output_stride": 8},
    "output_stride_32": {"output_stride": 32},
    "global": {"global_from_stride": 16},
    "global_2d": {"global_from_stride": 16, "absolute_positions": "2d"},
    "global_1d": {"global_from_stride": 16, "absolute_positions": "1d"},
    "double_global": {
        "global_from_stride": 16,
        "attention": AttentionConfig(heads=2, double_global=True),
    },
    "squeeze_excite": {"squeeze_excite": True},
    "sac": {"sac_from_stride": 4},
    "axial_everywhere": {"axial_from_stride": 2},
    "no_stem": {"axial_from_stride": 1},
    "convolution_only": {"axial_from_stride": 0},
    "stem_7x7": {"stem": "conv7x7"},
    "stem_inception": {"stem": "inception"},
    "stem_3x3": {"stem": "conv3x3"},
    "constant_drop_path": {"drop_path_schedule": "constant"},
    "sigmoid": {"attention": AttentionConfig(heads=2, activation="sigmoid")},
    "content_only": {
        "attention": AttentionConfig(
            heads=2, query_position=False, key_position=False, value_position=False
        )
    },
    **{f"act_{name}": {"activation": name} for name in ACTIVATIONS},
}


@pytest.mark.parametrize("kind", ["axial_swidernet", "max_deeplab_s"])
@pytest.mark.parametrize("variation", VARIATIONS)
def test_every_option_trains(kind, variation):
    torch.manual_seed(0)
    config = replace(narrow(kind, **VARIATIONS[variation]))
    config = replace(config, data=replace(config.data, crop_size=(33, 65)))
    model = build_model(config)
    prediction = model(torch.randint(0, 256, (2, 3, 33, 65), dtype=torch.uint8))
    assert prediction.semantic.shape == (2, 19, 33, 65)
    sum(answer.square().sum() for answer in prediction).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def kinds(model: nn.Module) -> set[type]:
    return {type(module) for module in model.modules()}


def test_options_change_what_they_say():
    def build(**options) -> nn.Module:
        return build_model(narrow("axial_swidernet", **options))

    assert GlobalAttention2d in kinds(build(global_from_stride=16))
    assert AxialAttention2d not in kinds(build(global_from_stride=16))
    assert AxialAttention2d not in kinds(build(axial_from_stride=0))
    assert SqueezeExcite in kinds(build(squeeze_excite=True))
    assert SwitchableConv2d in kinds(build(sac_from_stride=4))
    gelu = build(activation="gelu")
    assert nn.GELU in kinds(gelu.backbone) and nn.ReLU not in kinds(gelu.backbone)
    assert nn.ReLU in kinds(gelu.decoder)
    wide = [m.conv for m in build(output_stride=8).modules() if isinstance(m, ConvNormAct)]
    assert {conv.dilation for conv in wide} == {(1, 1), (2, 2)}  # block 1 of stage 4


@pytest.mark.parametrize(
    "switch", ["content", "query_position", "key_position", "value_content", "value_position"]
)
def test_each_term_can_be_switched_off(switch):
    attention = AttentionConfig(heads=2, **{switch: False})
    model = build_model(narrow("max_deeplab_s", attention=attention))
    layers = [m for m in model.modules() if isinstance(m, AxialAttention1d)]
    assert layers and all(not getattr(layer.terms, switch) for layer in layers)


def test_the_full_aspp_pools_over_the_crop():
    config = narrow("resnet50_beta", output_stride=32)
    decoder = replace(config.decoder, aspp="full", aspp_rates=(3, 6, 9))
    model = build_model(replace(config, decoder=decoder))
    aspp = model.decoder.semantic_decoder.aspp
    assert (aspp.rates, aspp.pool) == ((3, 6, 9), (33, 65))  # 1025x2049 at stride 32
    anywhere = build_model(replace(config, decoder=replace(decoder, aspp_pool="global")))
    assert anywhere.decoder.semantic_decoder.aspp.pool is None


def test_plain_batch_norm_is_for_convolutions_only():
    config = replace(narrow("max_deeplab_s"), train=TrainConfig(sync_batch_norm=False))
    model = build_model(config)
    plain = {name for name, m in model.named_modules() if getattr(m, "unbiased", False)}
    norms = {name for name, m in model.named_modules() if isinstance(m, BatchNorm)}
    attention = {name for name in norms if ".attention." in name}
    assert attention and plain == norms - attention
    assert not any(getattr(m, "unbiased", False) for m in build_model("tiny").modules())


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_classifies(name):
    with torch.device("meta"):
        model = build_classifier(name).eval()
    assert model(torch.zeros(2, 3, 224, 224, device="meta")).shape == (2, 1000)


def test_the_classifier_reads_the_mean_of_the_top():
    torch.manual_seed(0)
    model = build_classifier(narrow("max_deeplab_l"), num_classes=7).eval()
    images = torch.rand(2, 3, 40, 56) * 255
    top = model.backbone.top(images / 127.5 - 1)
    expected = top.flatten(2).mean(2) @ model.classifier.weight.T + model.classifier.bias
    torch.testing.assert_close(model(images), expected)
    assert torch.equal(top, model.backbone.endpoints(images / 127.5 - 1)["backbone_output"])


def test_portrait_odd_and_very_long_images():
    """Axes longer than 129 positions, and than the 255 that the tables tell apart."""
    torch.manual_seed(0)
    model = build_model(narrow("max_deeplab_s")).eval()
    for size in ((50, 33), (17, 2100), (4130, 20)):
        prediction = model(torch.zeros(1, 3, *size))
        assert prediction.offset.shape == (1, 2, *size)


def test_heads_that_do_not_divide_are_refused_in_plain_words():
    with pytest.raises(InputError, match=r"cannot be built: key_channels \(.*must divide by heads"):
        build_model(narrow("axial_swidernet", attention=AttentionConfig(heads=7)))


def test_the_published_decoder_needs_three_stages():
    config = replace(PRESETS["tiny_avenue"], decoder=DecoderConfig())
    with pytest.raises(InputError, match=r"tiny_avenue has \[2, 3\]"):
        build_model(config)


def test_the_light_decoder_refuses_what_it_does_not_have():
    tiny = PRESETS["tiny"]
    config = replace(tiny, decoder=replace(tiny.decoder, aspp="full"))
    with pytest.raises(InputError, match="aspp = full does nothing to the light decoder"):
        build_model(config)


@pytest.mark.parametrize("shape", [(1, 1, 33, 33), (3, 33, 33), (3, 3, 33), (1, 33, 33, 3)])
def test_what_is_no_batch_of_rgb_images_is_refused(shape):
    for model in (build_model("tiny"), build_classifier("tiny")):
        with pytest.raises(ValueError, match=r"images must be \[batch, 3, height, width\] RGB"):
            model(torch.zeros(shape))
