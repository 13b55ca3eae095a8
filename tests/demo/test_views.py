import numpy as np
import pytest
from axialkit.demo.compute import TABLE_HEADERS, Explorer, legend_html

from axialkit.attention import record_attention
from axialkit.config import get_preset, to_dict
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.inference import segment
from axialkit.model import build_model
from axialkit.structures import VOID
from axialkit.visualize.attention import pixel_attention
from axialkit.visualize.panoptic import named_overlay, segment_table
from axialkit.weights import save_weights


@pytest.fixture(scope="module")
def explorer(run_folder):
    return Explorer.load(run_folder)


def test_answer_is_that_of_the_network(explorer, street):
    view = explorer.segment(street)
    result = segment(explorer.model, street, explorer.config)
    np.testing.assert_array_equal(view.overlay, named_overlay(street, result.panoptic))
    assert len(view.table[0]) == len(TABLE_HEADERS)
    assert [row[1] for row in view.table] == [row.id for row in segment_table(result)]
    assert all(row[0] in view.legend or row[2] in view.legend for row in view.table)


def test_note_warns_of_pictures_that_are_no_streets_of_minicity(explorer, street, photo):
    assert "the size this network was trained on" in explorer.segment(street).note
    note = explorer.segment(photo).note
    assert "300 × 400 pixels, shrunk to 129 × 172" in note
    assert "on photos mostly mistakes" in note
    assert "shrunk" not in explorer.segment(street[:100]).note


@pytest.mark.parametrize(("layer", "heads"), [(1, (0, 0)), (2, (3, 1)), (3, (0, 4))])
def test_description_has_the_numbers_of_the_maps(explorer, street, layer, heads):
    with record_attention(explorer.model) as maps:
        segment(explorer.model, street, explorer.config)
    name = explorer.layers[layer - 1]
    head = tuple(h - 1 if h else None for h in heads)
    found = pixel_attention(maps, name, (4, 6), head=head)  # 16 pixels per cell

    view = explorer.attention(street, (64, 96), layer, heads)
    assert view.description.startswith(f"{name}, asked from y=64, x=96.")
    assert f"at x={16 * found.row.argmax()} ({100 * found.row.max():.0f} %)" in view.description
    assert (
        f"at y={16 * found.column.argmax()} ({100 * found.column.max():.0f} %)" in view.description
    )
    assert view.picture.shape[2] == 3
    assert view.picture.std() > 10


def test_pixels_of_large_pictures_are_those_of_the_visitor(explorer, photo):
    # shrunk by 299/128: cell 4 of 9 lies at 64 of 0..128, so at 149.5 of 0..299
    text = explorer.attention(photo, (150, 0), 1, (0, 0)).description
    assert f"asked from y={299 / 128 * 64:.0f}, x=0." in text


def test_share_by_class_covers_padding_as_unlabelled(explorer):
    tall = np.zeros((129, 40, 3), np.uint8)  # five sixths of the crop are padding
    text = explorer.attention(tall, (0, 0), 1, (0, 0)).description
    assert "unlabelled" in text.split("By class:")[1]


@pytest.mark.parametrize(
    ("at", "layer", "heads", "message"),
    [
        ((128, 0), 1, (0, 0), "outside the picture of 128x256"),
        ((-1, 0), 1, (0, 0), "outside the picture of 128x256"),
        ((0, 0), 4, (0, 0), "no layer 4. Choose 1 to 3"),
        ((0, 0), 1, (5, 0), "no head 5. Choose 1 to 4"),
        ((0, 0), 1, (0, -1), "no head -1. Choose 1 to 4"),
    ],
)
def test_impossible_questions_are_input_errors(explorer, street, at, layer, heads, message):
    with pytest.raises(InputError, match=message):
        explorer.attention(street, at, layer, heads)


@pytest.mark.parametrize("size", [(1, 1), (5, 3000), (3000, 5), (129, 257)])
def test_odd_sizes_are_answered(explorer, size):
    picture = np.full((*size, 3), 200, np.uint8)
    y, x = explorer.telling_pixel(picture)
    assert 0 <= y < size[0]
    assert 0 <= x < size[1]
    assert explorer.segment(picture).overlay.ndim == 3
    assert "asked from" in explorer.attention(picture, (size[0] - 1, 0), 1, (0, 0)).description


def test_legend_is_a_list_in_order_of_area():
    panoptic = np.zeros((10, 10), np.int32)
    panoptic[:3], panoptic[9, 0] = 13001, VOID
    html = legend_html(panoptic)
    texts = [part.split("</li>")[0].split("</span>")[1] for part in html.split("<li>")[1:]]
    assert texts == ["road, 69 %", "1 car, 30 %", "unlabelled, 1 %"]
    assert "rgb(128, 64, 128)" in html


def test_unknown_weights_are_an_input_error():
    with pytest.raises(InputError, match="tinny"):
        Explorer.load("tinny")


def test_a_network_without_axial_attention_is_refused(tmp_path):
    write_json(tmp_path / "config.json", to_dict(get_preset("tiny_avenue_conv")))
    save_weights(tmp_path / "weights.safetensors", build_model("tiny_avenue_conv"))
    with pytest.raises(InputError, match="has no axial attention, .* axialkit predict"):
        Explorer.load(tmp_path)
