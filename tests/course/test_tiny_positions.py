"""What tiny's tables say agrees with what its layers compute; resized tables change only size."""

import pytest
import torch
from torch import nn

import axialkit
from axialkit.attention.switch import axial_layers
from axialkit.config import ExperimentConfig
from axialkit.course import tiny_position_figures, tiny_positions
from axialkit.course.distances import resize_table
from axialkit.data import minicity

LAYER = "backbone.stages.stage4.block3.branch.attention.width"


@pytest.fixture(scope="module")
def tiny() -> nn.Module:
    return axialkit.load_model("tiny")


@pytest.fixture(scope="module")
def config() -> ExperimentConfig:
    return axialkit.load_config("tiny")


def test_scores_of_distances_are_means_over_the_recorded_terms(
    tiny: nn.Module, config: ExperimentConfig
) -> None:
    """Query 8 of a line of 17 sees the distances -8..8: average its terms over all lines."""
    image = minicity.scene(3).image
    scores = tiny_positions.position_scores(tiny, LAYER, image, config)
    layer = tiny.get_submodule(LAYER)
    assert scores.shape == (layer.heads, len(layer.query_table))
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
    axialkit.segment(tiny, image, config)
    handle.remove()
    with torch.no_grad():
        q, k, _ = layer.project(seen[0])
        same = [x.mean(dim=(0, 2), keepdim=True).expand_as(x) for x in (q, k)]
        terms = layer.term_logits(*same)[1:].sum(0)[0]
    center = len(layer.query_table) // 2
    got = scores[:, center - 8 : center + 9]
    expected = terms[:, 8]
    torch.testing.assert_close(
        got - got.mean(1, keepdim=True),
        expected - expected.mean(1, keepdim=True),
        atol=1e-4,
        rtol=0,
    )


def test_lines_of_training_are_those_of_the_layers(
    tiny: nn.Module, config: ExperimentConfig
) -> None:
    seen: dict[str, int] = {}
    handles = [
        layer.register_forward_pre_hook(
            lambda _layer, inputs, name=name: seen.update({name: inputs[0].shape[1]})
        )
        for name, layer in axial_layers(tiny).items()
    ]
    axialkit.segment(tiny, minicity.scene(0).image, config)
    for handle in handles:
        handle.remove()
    assert {
        name.rpartition(".")[2]: length for name, length in seen.items()
    } == tiny_positions.LINES


@pytest.mark.parametrize("resize", [resize_table, tiny_positions.repeat_ends])
def test_tables_of_the_same_size_change_nothing(
    tiny: nn.Module, config: ExperimentConfig, resize: tiny_positions.Resize
) -> None:
    same = tiny_positions.with_tables(tiny, tiny_positions.LINES, resize)
    accuracies = {
        tiny_positions.pixel_accuracy(net, config, [tiny_positions.street(3)])
        for net in (tiny, same)
    }
    assert len(accuracies) == 1
    assert same is not tiny
    assert len(tiny.get_submodule(LAYER).query_table) == 63


def test_repeated_ends_are_what_the_package_clips_to() -> None:
    table = torch.randn(5, 2)
    longer = tiny_positions.repeat_ends(table, 5)
    from axialkit.attention.positions import look_up

    assert torch.equal(look_up(table, 5), look_up(longer, 5))
    assert torch.equal(tiny_positions.repeat_ends(table, 2), table[1:4])


def test_stretching_wins_on_enlarged_streets_and_not_on_more_street(
    tiny: nn.Module, config: ExperimentConfig
) -> None:
    streets = [tiny_positions.street(index) for index in (3, 4)]
    for street, lines, wins in (
        (tiny_positions.enlarged(streets[0], 2), {"height": 17, "width": 33}, True),
        (tiny_positions.side_by_side(*streets), {"height": 9, "width": 33}, False),
    ):
        stretched = tiny_positions.with_tables(tiny, lines, resize_table)
        as_it_is, other = (
            tiny_positions.pixel_accuracy(net, config, [street]) for net in (tiny, stretched)
        )
        assert (other > as_it_is) == wins


def test_curves_and_their_description() -> None:
    scores = torch.zeros(2, 9)
    scores[0, 4], scores[0, 5], scores[1, 2], scores[1, 6] = 1.0, -1.0, 2.0, -0.5
    scores[:, 0] = 9.0  # beyond what was trained: not to be told
    panels = tiny_position_figures.draw_scores(scores, trained=4).axes
    titles = [axes.get_title() for axes in panels]
    assert titles == ["head 0: most for 0, least for +1", "head 1: most for −2, least for +2"]
    told = tiny_position_figures.describe_scores(scores, trained=4)
    assert "head 0 most for 0 and least for +1" in told


def test_answers_are_drawn_with_their_shares(tiny: nn.Module, config: ExperimentConfig) -> None:
    street = tiny_positions.street(3)
    figure = tiny_position_figures.draw_answers({"a": tiny, "b": tiny}, config, street)
    share = round(100 * tiny_positions.pixel_accuracy(tiny, config, [street]))
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["the street", f"a: {share} %", f"b: {share} %"]


def test_an_enlarged_street_is_the_same_street() -> None:
    small = tiny_positions.street(3)
    for one, other in zip(small, tiny_positions.enlarged(small, 2), strict=True):
        for y in (0, 1):
            assert (other[y::2, 1 - y :: 2] == one).all()


def test_streets_stand_side_by_side() -> None:
    streets = [tiny_positions.street(index) for index in (3, 4)]
    both = tiny_positions.side_by_side(*streets)
    for number, street in enumerate(streets):
        half = slice(256 * number, 256 * (number + 1))
        assert (both.image[:, half] == street.image).all()
        assert (both.truth[:, half] == street.truth).all()
