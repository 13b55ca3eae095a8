"""What is computed once, and what follows from it."""

from dataclasses import replace

import numpy as np
import pytest

from axialkit.attention import record_attention
from axialkit.config import get_preset, to_dict
from axialkit.demo.network import ABLATIONS, Network
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.inference import segment
from axialkit.model import build_model
from axialkit.visualize.two_hop import pixel_attention
from axialkit.weights import save_weights


def test_answers_and_maps_are_those_of_the_package(tiny, street):
    seen = tiny.see(street)
    with record_attention(tiny.model) as maps:
        result = segment(tiny.model, street, tiny.config)
    for mine, theirs in zip(tiny.answer(seen), result, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for layer in tiny.layers:
        mine = pixel_attention(tiny.maps(seen, layer), layer, (4, 6), head=(0, 2))
        theirs = pixel_attention(maps, layer, (4, 6), head=(0, 2))
        np.testing.assert_allclose(mine.two_hop, theirs.two_hop, atol=1e-9)


def test_the_network_runs_once_per_picture(tiny, street):
    runs = []
    hook = tiny.model.register_forward_hook(lambda *_: runs.append(1))
    picture = street.copy()
    picture[0, 0] += 1  # one that no other test asks about
    first = tiny.see(picture)
    for settings in (None, replace(tiny.config.postprocess, center_threshold=0.5)):
        tiny.answer(tiny.see(picture.copy()), settings)
    assert tiny.see(picture) is first
    assert runs == [1]
    tiny.see(picture[:, ::-1])
    tiny.see(picture, without="positions")
    hook.remove()
    assert runs == [1, 1, 1]


def test_a_picture_that_is_changed_afterwards_does_not_change_the_memory(tiny, street):
    picture = street.copy()
    seen = tiny.see(picture)
    picture[:] = 0
    np.testing.assert_array_equal(seen.image, street)


def test_settings_change_the_answer_only(tiny, street):
    seen = tiny.see(street)
    bare = replace(tiny.config.postprocess, stuff_area_limit=16_384)
    assert len(np.unique(tiny.answer(seen, bare).panoptic)) < len(
        np.unique(tiny.answer(seen).panoptic)
    )


@pytest.mark.parametrize("part", ABLATIONS)
def test_what_is_switched_off_comes_back(tiny, street, part):
    before = tiny.answer(tiny.see(street)).panoptic
    without = tiny.answer(tiny.see(street, without=part)).panoptic
    assert (without != before).mean() > 0.05
    assert (segment(tiny.model, street, tiny.config).panoptic == before).all()


def test_errors(tiny, street, tmp_path):
    with pytest.raises(InputError, match='no part "colors"'):
        tiny.see(street, without="colors")
    with pytest.raises(InputError, match="no layer 4. Choose 1 to 3"):
        tiny.layer(4)
    with pytest.raises(InputError, match="tinny"):
        Network.load("tinny")
    write_json(tmp_path / "config.json", to_dict(get_preset("tiny_avenue_conv")))
    save_weights(tmp_path / "weights.safetensors", build_model("tiny_avenue_conv"))
    with pytest.raises(InputError, match=r"has no axial attention, .* axialkit predict"):
        Network.load(tmp_path)
