"""Left or right: unsolvable exactly for nets without positions; the figures show the outcomes."""

import pytest
import torch

from axialkit.course import side_figures, side_task
from axialkit.course.bands import Band
from axialkit.course.side_task import (
    EVERYWHERE,
    LEARNED,
    NEAR,
    NO_ANSWER,
    SHIFTED,
    SideNet,
    Sides,
    draw_lines,
    train_net,
)
from axialkit.errors import InputError


@pytest.mark.parametrize("places", [LEARNED, SHIFTED, EVERYWHERE])
def test_lines_follow_the_rules(places: range) -> None:
    task = draw_lines(60, places, torch.Generator().manual_seed(0))
    for line, answer, marker in zip(*task, strict=True):
        assert int(marker) in places
        torch.testing.assert_close(line[marker], side_task.MARKER)
        asked = (answer != NO_ANSWER).nonzero().flatten()
        assert len(asked) == side_task.ASKERS
        for place in asked.tolist():
            assert 0 < abs(place - int(marker)) <= NEAR
            assert int(answer[place]) == int(place > int(marker))
            assert (line[place] == side_task.GREY).all()
        dark = answer == NO_ANSWER
        dark[marker] = False
        assert line[dark].max() <= 0.1


def test_moved_lines_are_the_same_lines_moved() -> None:
    assert len(LEARNED) == len(SHIFTED)
    assert SHIFTED.start - LEARNED.start == side_task.SHIFT
    assert not set(LEARNED) & set(SHIFTED)
    assert set(LEARNED) | set(SHIFTED) <= set(EVERYWHERE)


def test_without_positions_all_grey_cells_say_the_same() -> None:
    torch.manual_seed(0)
    net = SideNet("none").eval()
    task = draw_lines(20, EVERYWHERE, torch.Generator().manual_seed(1))
    for line, answer in zip(task.line, task.answer, strict=True):
        said = net(line[None])[0][answer != NO_ANSWER]
        torch.testing.assert_close(said, said[:1].expand_as(said))


@pytest.mark.parametrize("positions", ["absolute", "relative"])
def test_with_positions_they_need_not(positions: str) -> None:
    torch.manual_seed(0)
    net = SideNet(positions).eval()
    task = draw_lines(1, EVERYWHERE, torch.Generator().manual_seed(1))
    said = net(task.line)[0][task.answer[0] != NO_ANSWER]
    assert (said - said[0]).abs().max() > 1e-3


def test_unknown_positions_are_refused() -> None:
    with pytest.raises(InputError, match='no positions "sine". Use one of none, absolute, rel'):
        SideNet("sine")


def test_training_repeats_exactly() -> None:
    one, other = (train_net("absolute", steps=3, seed=5) for _ in range(2))
    assert one.by_place == other.by_place
    assert list(one.by_place) == list(EVERYWHERE)


def test_batch_norms_are_those_of_the_trained_net() -> None:
    """On a large batch the net answers alike in training and afterwards."""
    net = train_net("relative", steps=20).net
    lines = draw_lines(2048, LEARNED, torch.Generator().manual_seed(3)).line
    with torch.no_grad():
        after, during = net.eval()(lines), net.train()(lines)
    assert (after.argmax(-1) == during.argmax(-1)).float().mean() > 0.97


def test_relative_positions_survive_a_shift_and_absolute_ones_do_not() -> None:
    relative, absolute = (train_net(kind, steps=100) for kind in ("relative", "absolute"))
    assert min(relative.share(LEARNED), relative.share(SHIFTED)) > 0.9
    assert absolute.share(LEARNED) > 0.8
    assert absolute.share(SHIFTED) < 0.6
    assert abs(train_net("none", steps=20).share(LEARNED) - side_task.CHANCE) < 0.05


@pytest.fixture
def outcomes() -> dict[str, Sides]:
    """Three untrained nets, with made-up shares."""
    shares = {"none": 0.5, "absolute": 0.25, "relative": 1.0}
    return {
        kind: Sides(SideNet(kind).eval(), dict.fromkeys(EVERYWHERE, share), 0.0)
        for kind, share in shares.items()
    }


@pytest.fixture
def stored(outcomes: dict[str, Sides]) -> Band:
    names = [*outcomes, *(f"{kind} shifted" for kind in outcomes)]
    return Band({name: [0.2, 0.4, 0.6] for name in names}, [0, 1, 2], "stored")


def test_a_line_is_drawn_with_its_answers() -> None:
    task = draw_lines(2, LEARNED, torch.Generator().manual_seed(5))
    given, wanted = side_figures.draw_task(task, 1).axes
    assert sorted(text.get_text() for text in given.texts) == ["?"] * 4 + ["M"]
    letters = "".join(text.get_text() for text in wanted.texts if text.get_text() != "M")
    answers = task.answer[1][task.answer[1] != NO_ANSWER].tolist()
    assert letters == "".join("LR"[side] for side in answers)


def test_wrong_answers_are_crossed(outcomes: dict[str, Sides]) -> None:
    task = draw_lines(2, LEARNED, torch.Generator().manual_seed(5))
    for axes in side_figures.draw_answers(outcomes, task).axes:
        crossed = sum("✗" in text.get_text() for text in axes.texts)
        assert f": {4 - crossed} of 4 right" in axes.get_title(loc="left")


def test_bars_and_diamonds(outcomes: dict[str, Sides], stored: Band) -> None:
    (axes,) = side_figures.draw_shares(outcomes, stored).axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([100, 25, 50])
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert all(list(line.get_xdata()) == [20, 40, 60] for line in diamonds)
    assert len(diamonds) == 3


def test_curves_over_the_place_of_the_marker(outcomes: dict[str, Sides], stored: Band) -> None:
    (axes,) = side_figures.draw_places(outcomes, stored).axes
    curves = [line for line in axes.lines if len(line.get_xdata()) == len(EVERYWHERE)]
    assert [set(line.get_ydata()) for line in curves] == [{50}, {25}, {100}]
    assert all(list(line.get_xdata()) == list(EVERYWHERE) for line in curves)
