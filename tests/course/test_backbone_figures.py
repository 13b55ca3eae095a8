"""Lesson 05's figures show what the modules and numbers say."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from axialkit.course.bands import Band
from axialkit.course.block_figures import describe_block, draw_block, read_block
from axialkit.course.influence_figures import draw_influence, influence
from axialkit.course.order_figures import (
    describe_leads,
    draw_leads,
    leader,
    leads,
    mean_lead,
    tell_leads,
)
from axialkit.course.recorded_block import empty_block
from axialkit.course.sample_blocks import CHANNELS, sample_blocks
from axialkit.course.tube_map import describe_map, draw_maps
from axialkit.model.build import build_model
from axialkit.model.route import read_route


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_block_is_drawn_from_its_modules() -> None:
    with torch.device("meta"):
        block = empty_block()
    branch, shortcut = read_block(block, (12, 9, 7))
    assert [box.name[0] for box in branch] == ["1", "H", "W", "1"]
    assert [box.shape for box in branch] == [[32, 9, 7], [32, 5, 7], [32, 5, 4], [24, 5, 4]]
    assert [box.shape for box in shortcut] == [[24, 5, 4]]
    texts = _texts(draw_block(block, (12, 9, 7)))
    assert texts.count("ReLU") == 2 and "32 × 5 × 7" in texts
    assert "a 1×1 conv, stride 2" in describe_block(block, (12, 9, 7))


def test_a_map_tells_every_leg() -> None:
    with torch.device("meta"):
        legs = read_route(build_model("max_deeplab_l_backbone").backbone)
    figure = draw_maps({"L": legs})
    texts = _texts(figure)
    for leg in legs[1:]:
        assert f"{leg.depth} × {leg.kind}" in texts and f"{leg.channels} ch" in texts
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["stride 2", "stride 4", "stride 8", "stride 16"]
    assert len(figure.legends[0].get_texts()) == 3
    stages = ["stem", *(f"stage {number}" for number in range(1, 6)), "stacked decoder"]
    assert [text for text in texts if text in stages] == stages
    words = describe_map("L", legs)
    assert "stem at stride 2: 1 conv, 64 channels; stage 1 at stride 2: 3 basic" in words
    assert "4 blocks at strides 8, 4, 8, 16 that no prediction head reads" in words


@pytest.mark.parametrize(
    ("hw", "wh", "words"),
    [
        (0.8, 0.7, "H, then W leads by 10 points"),
        (0.6, 0.9, "W, then H leads by 30 points"),
        (0.6, 0.6, "both are level"),
    ],
)
def test_the_leader_is_named(hw: float, wh: float, words: str) -> None:
    assert leader({"HW": hw, "WH": wh}) == words


def test_leads_are_drawn_and_told() -> None:
    short = Band({"HW": [0.7, 0.9, 0.8], "WH": [0.8, 0.6, 0.75]}, [0, 1, 2], "stored")
    long = Band({"HW": [1.0, 0.998], "WH": [1.0, 1.0]}, [0, 1], "stored")
    assert [round(lead, 6) for lead in leads(short)] == [-10, 30, 5]
    mean, error = mean_lead(short)
    assert mean == pytest.approx(25 / 3)
    assert error == pytest.approx(np.std([-10, 30, 5], ddof=1) / 3**0.5)
    assert "leads in 2 of 3 seeds; mean lead +8.3 points" in tell_leads(short)
    words = describe_leads(short, long)
    assert "After 60 steps: -10, +30, +5." in words and "more than 0.2 points" in words
    left, right = draw_leads(short, long).axes
    assert [len(line.get_xdata()) for line in left.lines[1:3]] == [2, 1]
    labels = [text.get_text() for text in draw_leads(short, long).legends[0].get_texts()]
    assert labels[2:] == ["mean lead: +8.3 points", "mean ± two standard errors: -15.0 to +31.7"]
    assert right.get_title() == "after 150 steps"


def test_convolutions_are_heard_nearby_and_attention_everywhere() -> None:
    blocks = sample_blocks()
    x = torch.randn(1, CHANNELS, 7, 9, generator=torch.Generator().manual_seed(0))
    heard = {name: influence(block, x, (3, 4)) for name, block in blocks.items()}
    near = {name: np.zeros((7, 9), dtype=bool) for name in ("bottleneck", "basic")}
    near["bottleneck"][2:5, 3:6] = True
    near["basic"][1:6, 2:7] = True
    for name, expected in near.items():
        np.testing.assert_array_equal(heard[name], expected)
    assert heard["axial"].all()
    assert all(block(x).dtype == torch.float32 for block in blocks.values())  # left as they were
    titles = [axes.get_title() for axes in draw_influence(blocks, x, (3, 4)).axes]
    assert titles[-1] == "axial: 63 of 63 hear P"
