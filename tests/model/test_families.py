"""The rules that turn a family and a config into rows, against model.md's published stages."""

import pytest

from axialkit.config import PRESETS, AttentionConfig, BackboneConfig
from axialkit.errors import InputError
from axialkit.model.stages import Stage
from axialkit.model.tables import backbone_table


def rows(kind: str, **options) -> list[tuple]:
    """(stage, block, filters, depth, stride) of every row."""
    return [tuple(row)[:5] for row in backbone_table(BackboneConfig(kind=kind, **options)).stages]


def test_the_published_stages():
    assert rows("axial_swidernet", depth_multiplier=4.5) == [
        (1, "basic", (128, 128), 3, 1),
        (2, "basic", (256, 256), 13, 2),
        (3, "basic", (512, 512), 27, 2),
        (4, "basic", (1024, 1024), 1, 2),
        (4, "axial", (1024, 256, 1024), 12, 1),
        (5, "axial", (2048, 512, 2048), 13, 1),
    ]
    assert rows("max_deeplab_s") == [
        (2, "bottleneck", (64, 64, 256), 3, 2),
        (3, "bottleneck", (128, 128, 512), 4, 2),
        (4, "bottleneck", (256, 256, 1024), 1, 2),
        (4, "axial", (512, 256, 1024), 5, 1),
        (5, "axial", (1024, 512, 2048), 3, 1),
    ]


def test_the_stacked_decoder():
    steps = backbone_table(BackboneConfig(kind="max_deeplab_l")).stacked_decoder
    assert [(s.stride, s.channels, s.block.block, s.block.filters) for s in steps] == [
        (8, 512, "basic", (512, 512)),
        (4, 256, "basic", (256, 256)),
        (8, 512, "basic", (512, 512)),
        (16, 2048, "axial", (2048, 512, 2048)),
    ]


def test_wide_networks_without_attention_end_in_bottlenecks():
    assert rows("swidernet")[-1] == (5, "bottleneck", (512, 1024, 2048), 3, 1)
    assert [row[1] for row in rows("swidernet")] == ["basic"] * 4 + ["bottleneck"]
    assert rows("wide_resnet41") == rows("swidernet")


def test_stand_alone_networks_attend_and_stride_in_all_four_stages():
    table = backbone_table(PRESETS["axial_resnet_s"].backbone)
    assert table.stem == ((7, 64),)
    assert [tuple(row)[:5] for row in table.stages] == [
        (2, "axial", (64, 32, 128), 3, 2),
        (3, "axial", (128, 64, 256), 4, 2),
        (4, "axial", (256, 128, 512), 6, 2),
        (5, "axial", (512, 256, 1024), 3, 1),
    ]
    deeplab = backbone_table(PRESETS["axial_deeplab_l"].backbone)
    assert deeplab.stem == ((3, 64), (3, 64), (3, 128))
    assert deeplab.stages[0].filters == (128, 64, 256)


def test_attention_from_the_pixels_on_has_no_stem_and_a_first_stage():
    table = backbone_table(BackboneConfig(kind="axial_resnet", axial_from_stride=1))
    assert table.stem == ()
    assert tuple(table.stages[0])[:5] == (1, "axial", (64, 32, 128), 3, 2)


@pytest.mark.parametrize(
    ("output_stride", "strides", "dilations"),
    [
        (8, [2, 2, 1, 1], [(1, 1), (1, 1), (1, 2), (2, 4)]),
        (16, [2, 2, 2, 1], [(1, 1), (1, 1), (1, 1), (1, 2)]),
        (32, [2, 2, 2, 2], [(1, 1)] * 4),
    ],
)
def test_deep_stages_dilate_instead_of_striding(output_stride, strides, dilations):
    table = backbone_table(BackboneConfig(kind="resnet50", output_stride=output_stride))
    assert [row.stride for row in table.stages] == strides
    assert [row.dilation for row in table.stages] == dilations


def test_global_attention_goes_before_axial_and_brings_positions_to_its_border():
    options = {"global_from_stride": 16, "absolute_positions": "2d"}
    table = backbone_table(BackboneConfig(kind="max_deeplab_s", **options))
    assert [row.block for row in table.stages] == ["bottleneck"] * 3 + ["global"] * 2
    assert [row.positions for row in table.stages] == ["none", "none", "2d", "none", "none"]
    half = backbone_table(BackboneConfig(kind="max_deeplab_s", global_from_stride=32))
    # the first block of stage 5 is entered at stride 16 and stays axial
    assert [(row.block, row.depth) for row in half.stages[-2:]] == [("axial", 1), ("global", 2)]


def test_sac_counts_a_stage_by_where_it_ends():
    wide = backbone_table(PRESETS["swidernet_sac_1_1_3"].backbone)
    assert [row.switchable for row in wide.stages] == [False] * 4 + [True]
    more = backbone_table(BackboneConfig(kind="swidernet", sac_from_stride=8))
    assert [row.switchable for row in more.stages] == [False, False, True, True, True]


def test_widths_round_as_in_the_reference():
    narrow = {"stem_width_multiplier": 0.13, "width_multiplier": 0.1}
    wide = backbone_table(BackboneConfig(kind="axial_swidernet", **narrow))
    assert wide.stem == ((3, 8),)  # 8.32
    assert wide.stages[0].filters == (16, 16)  # 4 * round(32 * 0.13)
    assert wide.stages[1].filters == (24, 24)  # 4 * round(64 * 0.1)
    inception = backbone_table(BackboneConfig(kind="max_deeplab_s", stem_width_multiplier=0.14))
    assert inception.stem == ((3, 8), (3, 8), (3, 17))  # truncated 8.96 and 17.92


def test_the_tiny_tables_can_attend_globally_with_positions():
    config = BackboneConfig(kind="tiny", global_from_stride=16, absolute_positions="1d")
    table = backbone_table(config)
    assert [row.block for row in table.stages] == ["conv", "conv", "basic", "conv", "global"]
    assert [row.positions for row in table.stages] == ["none"] * 3 + ["1d", "none"]
    assert backbone_table(BackboneConfig(kind="tiny")).stages[-1].block == "axial"


def test_heads_are_the_tables_unless_asked():
    assert backbone_table(BackboneConfig(kind="tiny")).heads == 4
    assert backbone_table(BackboneConfig()).heads == 8
    assert backbone_table(BackboneConfig(attention=AttentionConfig(heads=2))).heads == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "axial_swidernet", "depth_multiplier": 0.3}, "leaves stage 2 without blocks"),
        ({"kind": "axial_swidernet", "width_multiplier": 0.001}, "leaves no channels"),
        ({"kind": "tiny", "width_multiplier": 2.0}, "width_multiplier = 2.0 does nothing to tiny"),
        ({"kind": "tiny", "output_stride": 8}, "output_stride = 8 does nothing to tiny"),
        ({"kind": "tiny_conv", "global_from_stride": 8}, "finds no block of tiny_conv to change"),
        ({"kind": "tiny", "absolute_positions": "2d"}, r"2d finds no place: .*\(it is 0\)"),
        ({"attention": AttentionConfig(double_global=True)}, "does nothing without global"),
        ({"kind": "axial_swidenet"}, 'Did you mean "axial_swidernet"'),
    ],
)
def test_impossible_tables_are_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        backbone_table(BackboneConfig(**options))


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.startswith("tiny")])
def test_rows_of_every_preset_chain_and_reach_stride_16(name):
    table = backbone_table(PRESETS[name].backbone)
    stride = 2
    for row in table.stages:
        assert isinstance(row, Stage) and row.depth > 0
        stride *= row.stride
    assert stride == 16
    assert [row.number for row in table.stages] == sorted(row.number for row in table.stages)
