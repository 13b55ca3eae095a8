import pytest
import torch

from axialkit.config import BackboneConfig, ExperimentConfig
from axialkit.model import build_model
from axialkit.model.stacked_decoder import ResizedFuse
from tests.golden_layers import check_layer


class Fuse(ResizedFuse):
    """Takes what the golden cases hand over: the features one by one, for one size."""

    def forward(self, *features: torch.Tensor) -> torch.Tensor:
        return super().forward(list(features), (5, 9))


@pytest.mark.parametrize(
    ("case", "inputs"),
    [
        ("resized_fuse", [(12, False), (8, False), (4, True)]),
        ("resized_fuse_resize_only", [(8, False), (8, False), (4, False)]),
    ],
)
def test_fusing_equals_the_reference(case, inputs, load_golden):
    check_layer(Fuse(inputs, 8), load_golden(f"model/layers/{case}.npz"))


@pytest.mark.parametrize(
    ("output_stride", "expected"), [(8, [4, 8]), (16, [8, 4, 8, 16]), (32, [16, 8, 4, 8, 16, 32])]
)
def test_the_hourglass_goes_down_to_stride_4_and_back(output_stride, expected):
    backbone = BackboneConfig(
        kind="max_deeplab_l",
        output_stride=output_stride,
        width_multiplier=0.0625,
        stem_width_multiplier=0.25,
    )
    network = build_model(ExperimentConfig(backbone=backbone)).eval().backbone
    assert network.stacked_decoder.targets == expected
    images = torch.randn(1, 3, 70, 118)
    top = network.top(images)
    size = (-(-70 // output_stride), -(-118 // output_stride))
    assert top.shape == (1, network.top_channels, *size)


def test_no_panoptic_answer_depends_on_it():
    torch.manual_seed(0)
    backbone = BackboneConfig(
        kind="max_deeplab_l", width_multiplier=0.0625, stem_width_multiplier=0.25
    )
    model = build_model(ExperimentConfig(backbone=backbone))
    prediction = model(torch.randint(0, 256, (1, 3, 33, 65), dtype=torch.uint8))
    sum(answer.sum() for answer in prediction).backward()
    without = {name for name, p in model.named_parameters() if p.grad is None}
    assert without == {n for n, _ in model.named_parameters() if "stacked_decoder" in n}
