import pytest

from axialkit.demo.about import about, badge
from axialkit.demo.network import Network
from axialkit.weights.zoo import read_card


def test_the_label_says_where_the_weights_come_from(tiny, run_folder):
    assert badge(tiny) == "Teaching weights “tiny”, trained on drawn streets (PQ 69 on new ones)."
    assert f"PQ {read_card('tiny')['pq']:.0f}" in badge(tiny)
    own = Network.load(run_folder)
    assert badge(own) == f"Weights {run_folder.name}, brought by whoever runs this page."
    assert "only a test on such pictures can tell" in about(own)


@pytest.mark.parametrize("name", ["axial_swidernet_1_1_1", "max_deeplab_l_backbone"])
def test_released_weights_are_the_authors(tiny, name):
    network = Network(tiny.model, tiny.config, name)
    assert "trained on Cityscapes, so not for commercial use" in badge(network)


def test_numbers_about_the_network_are_its_own(tiny):
    text = about(tiny)
    assert f"{sum(p.numel() for p in tiny.model.parameters()):,} parameters, 3 axial layers" in text
    assert "at most 129 × 257 pixels" in text
