import numpy as np
import pytest
import torch

from axialkit.config import get_preset
from axialkit.data.targets import find_instances as find_in_label
from axialkit.data.targets import panoptic_targets
from axialkit.structures import VOID, Sample
from axialkit.visualize.render import render
from axialkit.visualize.sample import draw_sample, find_instances


@pytest.fixture
def label():
    """A road, a large car, a small person in two parts, and void; 33x65."""
    label = np.zeros((33, 65), np.int32)
    label[5:20, 10:40] = 13001
    label[25:27, 50:53] = label[29:31, 50:53] = 11001
    label[:, 60:] = VOID
    return label


def sample_of(label: np.ndarray) -> Sample:
    image = torch.arange(3 * label.size).reshape(3, *label.shape) % 256
    return Sample(image.float(), panoptic_targets(label, get_preset("tiny").data))


def test_instances_read_off_the_offsets_are_those_of_the_label(label):
    found = find_instances(sample_of(label))
    expected = find_in_label(label)
    assert sorted(i.center for i in found) == sorted(map(tuple, expected.center.tolist()))
    for instance in found:
        ((y, x),) = instance.pixels[:1].tolist()
        np.testing.assert_array_equal(instance.pixels, np.argwhere(label == label[y, x]))
        assert instance.is_small == (label[y, x] == 11001)


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_every_target_has_its_panel(label):
    figure = draw_sample(sample_of(label), "train: street_1")
    text = "\n".join(titles(figure))
    for words in (
        "What the network gets: 33x65", "class of every pixel", "semantic loss: 1 small instance,",
        "warm spots", "center loss: 1 on 92.3 %", "arrows", "offset loss: 1 on 21.5 %",
    ):  # fmt: skip
        assert words in text
    legend = figure.axes[3].get_legend()
    names = [text.get_text() for text in legend.get_texts()]
    assert [name.split("  ")[0] for name in names] == ["road", "car", "ignored (void)", "person"]
    assert figure.get_suptitle() == "train: street_1"
    assert render(figure).std() > 0


def test_the_panels_show_the_targets_themselves(label):
    sample = sample_of(label)
    panels = draw_sample(sample).axes
    np.testing.assert_array_equal(panels[0].images[0].get_array(), sample.image.permute(1, 2, 0))
    np.testing.assert_array_equal(panels[2].images[0].get_array(), sample.targets.semantic_weight)
    np.testing.assert_array_equal(panels[4].images[1].get_array(), sample.targets.center)
    np.testing.assert_array_equal(panels[5].images[0].get_array(), sample.targets.center_weight)
    np.testing.assert_array_equal(panels[8].images[0].get_array(), sample.targets.offset_weight)
    assert len(panels[2].patches) == 1  # the frame around the person


def test_arrows_start_on_instances_and_end_at_centers(label):
    sample = sample_of(label)
    arrows = draw_sample(sample).axes[7].collections
    assert len(arrows) == 2
    ends = set()
    for quiver in arrows:
        assert all(label[int(y), int(x)] % 1000 for x, y in quiver.get_offsets())
        ends |= {tuple(end) for end in (quiver.get_offsets() + np.c_[quiver.U, quiver.V]).tolist()}
    assert ends == {(x, y) for y, x in find_in_label(label).center.tolist()}


@pytest.mark.parametrize("value", [0, VOID])
def test_a_picture_without_instances(value):
    sample = sample_of(np.full((33, 17), value, np.int32))
    assert find_instances(sample) == []
    figure = draw_sample(sample)
    assert "semantic loss" in titles(figure)[2] and "small" not in titles(figure)[2]
    assert render(figure).std() > 0
