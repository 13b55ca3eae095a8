"""The recorded block: translated as the package's own converter does, and alike in its answer."""

from collections.abc import Callable

import numpy as np
import torch

from axialkit.course.recorded_block import empty_block, read_recording, to_torch
from axialkit.weights.tf_names import reference_keys, to_our_layout


def test_it_is_the_packages_translation() -> None:
    recording, block = read_recording(), empty_block()
    names = {theirs: ours for ours, theirs in reference_keys(block).items()}
    assert names.keys() == recording.variables.keys()
    for key, array in recording.variables.items():
        name, tensor = to_torch(key, array)
        assert name == names[key]
        assert torch.equal(tensor, to_our_layout(key, torch.from_numpy(array)))


def test_the_block_answers_as_recorded() -> None:
    recording, block = read_recording(), empty_block()
    block.load_state_dict(dict(to_torch(*item) for item in recording.variables.items()))
    with torch.no_grad():
        torch.testing.assert_close(block(recording.x), recording.answer, rtol=0, atol=2e-6)


def test_it_is_the_golden_recording(load_golden: Callable[[str], dict[str, np.ndarray]]) -> None:
    golden = load_golden("model/layers/block_axial_proj_s2.npz")
    recording = read_recording()
    for name, array in recording.variables.items():
        np.testing.assert_array_equal(array, golden[f"var/{name}"])
    np.testing.assert_array_equal(recording.x.permute(0, 2, 3, 1), golden["in/x"])
    np.testing.assert_array_equal(recording.answer.permute(0, 2, 3, 1), golden["out_eval"])
