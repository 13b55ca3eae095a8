import numpy as np
import pytest

from axialkit.attention import record_attention
from axialkit.attention.replay import LogitTerms
from axialkit.attention.two_hop import two_hop
from axialkit.demo.looking import Question
from axialkit.demo.network import Network
from axialkit.demo.tables import HEADERS, as_data, legend_html
from axialkit.demo.views import ALL, Views, choices
from axialkit.errors import InputError
from axialkit.inference import segment
from axialkit.structures import VOID
from axialkit.visualize.attention import pixel_attention
from axialkit.visualize.panoptic import segment_table


@pytest.fixture(scope="module")
def views(run_folder):
    return Views(Network.load(run_folder))


@pytest.fixture(scope="module")
def teaching(tiny):
    return Views(tiny)


def test_the_table_is_that_of_the_package(teaching, tiny, street):
    view = teaching.segment(street)
    expected = segment_table(segment(tiny.model, street, tiny.config))
    assert view.segments == expected
    assert len(view.table[0]) == len(HEADERS)
    assert [row[2] for row in view.table] == [row.id for row in expected]
    assert as_data(expected[0])["box"] == list(expected[0].box)


def test_segments_of_large_pictures_are_told_in_their_pixels(teaching, street):
    large = street.repeat(20, axis=0).repeat(20, axis=1)  # 2560 x 5120
    for segment_ in teaching.segment(large).segments:
        top, left, bottom, right = segment_.box
        assert 0 <= top < bottom <= 2560
        assert 0 <= left < right <= 5120
        if segment_.center is not None:
            assert segment_.center[0] < 2560
            assert segment_.center[1] < 5120
    widest = max(one.box[3] for one in teaching.segment(large).segments)
    assert widest == 5120


def test_note_warns_of_pictures_that_are_no_streets_of_minicity(teaching, views, street, photo):
    assert "the size this network was trained on" in teaching.segment(street).note
    note = teaching.segment(photo).note
    assert "300 × 400 pixels, shrunk to 129 × 172" in note
    assert "on photos mostly mistakes" in note
    assert "shrunk" not in teaching.segment(street[:100]).note
    assert views.segment(photo).note.startswith("Your picture has 300 × 400 pixels, shrunk")


@pytest.mark.parametrize(("layer", "heads"), [(1, (0, 0)), (2, (3, 1)), (3, (0, 4))])
def test_description_has_the_numbers_of_the_maps(views, street, layer, heads):
    network = views.network
    with record_attention(network.model) as maps:
        segment(network.model, street, network.config)
    name = network.layers[layer - 1]
    head = tuple(h - 1 if h else None for h in heads)
    found = pixel_attention(maps, name, (4, 6), head=head)  # 16 pixels per cell

    view = views.attention(street, Question(64, 96, layer, *heads))
    assert view.words.startswith(f"{name}, asked from y=64, x=96.")
    assert f"at x={16 * found.row.argmax()} ({100 * found.row.max():.0f} %)" in view.words
    assert f"at y={16 * found.column.argmax()} ({100 * found.column.max():.0f} %)" in view.words
    assert view.picture.std() > 10


def test_the_look_is_two_hop_of_the_package(teaching, tiny, street):
    with record_attention(tiny.model) as maps:
        segment(tiny.model, street, tiny.config)
    view = teaching.attention(street, Question(80, 160, 2, 1, 3))
    expected = two_hop(
        maps[f"{tiny.layers[1]}.height"], maps[f"{tiny.layers[1]}.width"], (5, 10), head=(0, 2)
    )
    np.testing.assert_allclose(view.look.attention.two_hop, expected, atol=1e-9)


def test_terms_and_order_are_told(teaching, street):
    terms = LogitTerms(key_position=False)
    words = teaching.attention(street, Question(0, 0, 1, order="wh", terms=terms)).words
    assert "Left out of the logits: key position k·r." in words
    assert "not what the network does" in words


def test_pixels_of_large_pictures_are_those_of_the_visitor(views, photo):
    # shrunk by 299/128: cell 4 of 9 lies at 64 of 0..128, so at 149.5 of 0..299
    text = views.attention(photo, Question(150, 0, 1)).words
    assert f"asked from y={299 / 128 * 64:.0f}, x=0." in text


def test_share_by_class_covers_padding_as_unlabelled(views):
    tall = np.zeros((129, 40, 3), np.uint8)  # five sixths of the crop are padding
    view = views.attention(tall, Question(0, 0, 1))
    assert "unlabelled" in view.words.split("By class:")[1]
    assert "unlabelled" in view.bars


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question(128, 0, 1), "outside the picture of 128x256"),
        (Question(-1, 0, 1), "outside the picture of 128x256"),
        (Question(0, 0, 4), "no layer 4. Choose 1 to 3"),
        (Question(0, 0, 1, 5), "no head 5. Choose 1 to 4"),
        (Question(0, 0, 1, 0, -1), "no head -1. Choose 1 to 4"),
        (Question(0, 0, 1, order="hh"), 'no order "hh"'),
    ],
)
def test_impossible_questions_are_input_errors(views, street, question, message):
    with pytest.raises(InputError, match=message):
        views.attention(street, question)


@pytest.mark.parametrize("size", [(1, 1), (5, 3000), (3000, 5), (129, 257)])
def test_odd_sizes_are_answered(views, size):
    picture = np.full((*size, 3), 200, np.uint8)
    y, x = views.telling_pixel(picture)
    assert 0 <= y < size[0]
    assert 0 <= x < size[1]
    assert views.paint(picture).overlay.ndim == 3
    assert "asked from" in views.attention(picture, Question(size[0] - 1, 0, 1)).words


def test_a_segment_and_the_pixel_in_it_lead_to_each_other(teaching, street):
    for one in teaching.segment(street).segments:
        assert teaching.segment_at(street, teaching.pixel_in(street, one.id)) == one.id
    with pytest.raises(InputError, match="no train 9 in this answer"):
        teaching.pixel_in(street, 16009)


def test_a_segment_looks_as_its_cells_do_on_average(teaching, tiny, street):
    largest = teaching.segment(street).segments[0]
    question = Question(0, 0, 3, 2, 1)
    view = teaching.of_segment(street, largest.name, question)
    assert largest.name in view.words

    seen = tiny.see(street)
    placed = seen.placement.place(tiny.answer(seen).panoptic)[::16, ::16]
    looks = [
        teaching.attention(street, question._replace(y=16 * y, x=16 * x)).look.classes
        for y, x in np.argwhere(placed == largest.id).tolist()
        if y < 8 and x < 16  # the picture has 128 x 256 pixels, its crop one more
    ]
    assert looks
    edge = ((placed == largest.id)[8].sum() + (placed == largest.id)[:, 16].sum()) / (
        placed == largest.id
    ).sum()
    if edge == 0:
        mean = np.mean([dict(look).get(0, 0.0) for look in looks])
        assert f"road {mean:.0%}".replace("%", " %") in view.words


def test_classes_with_several_things_can_be_chosen(teaching, street):
    segments = teaching.segment(street).segments
    things = [one for one in segments if one.klass in ("person", "car")]
    offered = choices(segments)
    assert offered[: len(segments)] == [one.name for one in segments]
    for klass in ("person", "car"):
        several = sum(one.klass == klass for one in things) > 1
        assert (f"{ALL}{klass}" in offered) == several
    with pytest.raises(InputError, match="no unicorn in this answer. Choose one of: "):
        teaching.of_segment(street, "unicorn", Question(0, 0, 1))


def test_legend_is_a_list_in_order_of_area(teaching, tiny, street):
    panoptic = np.zeros((10, 10), np.int32)
    panoptic[:3], panoptic[9, 0] = 13001, VOID
    html = legend_html(tiny.answer(tiny.see(street))._replace(panoptic=panoptic))
    texts = [part.split("</li>")[0].split("</span>")[1] for part in html.split("<li>")[1:]]
    assert texts == ["road, 69 %", "1 car, 30 %", "unlabelled, 1 %"]
    assert "rgb(128, 64, 128)" in html
