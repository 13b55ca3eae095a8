"""The key task is unsolvable exactly for the stacks that cannot reach, and they stay at chance."""

import numpy as np
import pytest
import torch

from axialkit.course import key_task, reach
from axialkit.course.key_task import NO_ANSWER, TwoHopNet, draw_tasks, train_net
from axialkit.errors import InputError

STACK_HOPS = {"conv": "CC", "WW": "WW", "HH": "HH", "HW": "HW"}


def test_images_follow_the_rules() -> None:
    task = draw_tasks(120, torch.Generator().manual_seed(0))
    for image, answer, key in zip(*task, strict=True):
        y, x = key.tolist()
        asked = (answer != NO_ANSWER).nonzero()
        assert len(asked) == 3
        color = answer[tuple(asked[0])].item()
        assert (answer[answer != NO_ANSWER] == color).all()
        torch.testing.assert_close(image[:, y, x], key_task.KEY_COLORS[color])
        for point in asked.tolist():
            assert abs(point[0] - y) >= 3
            assert abs(point[1] - x) >= 3
            assert (image[:, point[0], point[1]] == key_task.GREY).all()
        others = torch.ones(key_task.GRID, dtype=torch.bool)
        others[y, x] = False
        others[answer != NO_ANSWER] = False
        assert image[:, others].max() <= 0.1
    assert set(task.answer.unique().tolist()) == {-1, 0, 1, 2, 3}


def test_same_seed_same_images() -> None:
    one, other = (draw_tasks(5, torch.Generator().manual_seed(1)) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("stack", [*STACK_HOPS, "WH"])
def test_nets_hear_exactly_what_reach_says(stack: str) -> None:
    """The gradient of one cell's answer is non-zero on the cells that it can hear from."""
    torch.manual_seed(0)
    net = TwoHopNet(stack).eval()  # in training, batch statistics would leak between cells
    image = torch.rand(1, 3, *key_task.GRID, requires_grad=True)
    net(image)[0, :, 5, 3].square().sum().backward()
    heard = image.grad[0].abs().sum(dim=0).numpy() > 0
    start = np.zeros(key_task.GRID, dtype=bool)
    start[5, 3] = True
    allowed = reach.reachable(start, STACK_HOPS.get(stack, stack))
    np.testing.assert_array_equal(heard, allowed)


def test_training_repeats_exactly_and_leaves_threads_alone() -> None:
    before = torch.get_num_threads()
    one, other = (train_net("HW", steps=3, seed=5) for _ in range(2))
    for a, b in zip(one.net.parameters(), other.net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert one.accuracy == other.accuracy
    assert torch.get_num_threads() == before


def test_only_both_axes_beat_guessing() -> None:
    """100 steps are enough for the net that can; a row alone stays at chance."""
    assert train_net("HW", steps=100).accuracy > 0.9
    assert abs(train_net("WW", steps=20).accuracy - key_task.CHANCE) < 0.08


@pytest.mark.parametrize("stack", ["", "HX", "Conv", "hw"])
def test_unknown_stacks_are_refused(stack: str) -> None:
    with pytest.raises(InputError, match=f'no stack "{stack}"'):
        TwoHopNet(stack)
