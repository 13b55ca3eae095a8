import numpy as np
import pytest
import torch

from axialkit.demo.all_cells import SAME_QK
from axialkit.demo.comparing import BACKENDS, GLOBAL, KINDS, WITHOUT, compare
from axialkit.demo.looking import Question, attention_at
from axialkit.errors import InputError
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.structures import VOID

QUESTION = Question(64, 128, 2, 1, 2)


@pytest.fixture(scope="module")
def seen(tiny, street):
    return tiny.see(street)


def test_all_cells_cost_what_their_shapes_say(tiny, seen):
    found = compare(tiny, seen, QUESTION, GLOBAL)
    rows = {name: (here, there) for name, here, there in found.rows}
    layer = tiny.parts[f"{tiny.layers[1]}.height"]
    heads, cells = layer.heads, 9 * 17
    flops = 2 * cells**2 * (layer.key_channels + layer.value_channels)
    assert rows["multiplications and additions"][1] == f"{flops / 1e6:.3g} MFLOP"
    assert rows["attention maps, if stored"][1] == f"{4 * heads * cells**2 / 1e3:.3g} kB"
    axial = 4 * heads * (17 * 9**2 + 9 * 17**2)
    assert rows["attention maps, if stored"][0] == f"{axial / 1e3:.3g} kB"
    assert rows["time on this machine"][0].endswith("ms")
    assert SAME_QK in found.words
    assert found.maps.std() > 10


@pytest.mark.parametrize("kind", WITHOUT)
def test_without_a_part_the_answer_changes(tiny, seen, drawn, kind):
    found = compare(tiny, seen, QUESTION, kind, drawn.instance_ids)
    rows = {name: (here, there) for name, here, there in found.rows}
    quality = PanopticQuality()
    quality.update(tiny.answer(seen).panoptic, drawn.instance_ids)
    assert rows["PQ of this picture"][0] == f"{100 * quality.scores().all.pq:.1f}"
    assert float(rows["PQ of this picture"][1]) < float(rows["PQ of this picture"][0])
    assert rows["pixels of another class"][1] != "0 %"
    labels = np.unique(tiny.answer(seen).panoptic)
    assert rows["segments"][0] == str((labels != VOID).sum())
    assert (found.before != found.after).any()


def test_without_a_truth_there_is_no_quality(tiny, seen):
    found = compare(tiny, seen, QUESTION, next(iter(WITHOUT)))
    assert "PQ of this picture" not in [row[0] for row in found.rows]


def test_without_a_hop_a_pixel_looks_along_the_other_alone(tiny, seen):
    usual = attention_at(tiny, seen, QUESTION)
    no_column = attention_at(tiny, seen, QUESTION, off="height")
    y, x = usual.cell
    np.testing.assert_allclose(no_column.two_hop[y], usual.row, atol=1e-9)
    assert np.delete(no_column.two_hop, y, axis=0).max() == 0
    no_row = attention_at(tiny, seen, QUESTION, off="width")
    np.testing.assert_allclose(no_row.two_hop[:, x], usual.column, atol=1e-9)


def test_backends_agree(tiny, seen):
    backends = {name: layer.backend for name, layer in tiny.parts.items()}
    found = compare(tiny, seen, QUESTION, BACKENDS)
    rows = {name: (here, there) for name, here, there in found.rows}
    assert float(rows["largest difference"][1]) < 1e-3
    assert rows["largest class logit"][0] == rows["largest class logit"][1]
    assert found.maps is None
    assert {name: layer.backend for name, layer in tiny.parts.items()} == backends


def test_all_kinds_are_known_and_others_are_not(tiny, seen):
    assert len(KINDS) == len(set(KINDS)) == 5
    with pytest.raises(InputError, match='no comparison "another"'):
        compare(tiny, seen, QUESTION, "another")
    with pytest.raises(InputError, match="no head 9"):
        compare(tiny, seen, QUESTION._replace(row_head=9), GLOBAL)


def test_a_network_of_many_cells_is_compared_in_parts(tiny, street, monkeypatch):
    from axialkit.demo import all_cells

    whole = compare(tiny, tiny.see(street), QUESTION, GLOBAL).rows[:2]
    monkeypatch.setattr(all_cells, "_ELEMENTS", 1)
    torch.manual_seed(0)
    assert compare(tiny, tiny.see(street), QUESTION, GLOBAL).rows[:2] == whole
