import pytest

from axialkit.config import PRESETS
from axialkit.errors import InputError
from axialkit.weights.released import (
    CITYSCAPES,
    IMAGENET,
    RELEASED,
    find_released,
    guess_released,
    released_names,
)
from axialkit.weights.zoo import PUBLISHED


def test_two_archives_for_each_published_network():
    assert [each.preset for each in RELEASED] == 2 * list(PUBLISHED)
    assert set(released_names()) <= set(PRESETS)
    assert len({each.archive for each in RELEASED}) == len(RELEASED) == 10


def test_addresses_as_the_authors_documents_give_them(monkeypatch):
    folder = "https://storage.googleapis.com/gresearch/tf-deeplab/checkpoint"
    whole = find_released("axial_swidernet_1_1_4.5", CITYSCAPES)
    backbone = find_released("max_deeplab_l_backbone", IMAGENET)
    monkeypatch.delenv("AXIALKIT_WEIGHTS_URL", raising=False)
    assert whole.url == (
        f"{folder}/axial_swidernet_1_1_4.5_os16_axial_deeplab_cityscapes_trainfine.tar.gz"
    )
    assert backbone.url == (
        f"{folder}/max_deeplab_l_backbone_imagenet1k_strong_training_strategy.tar.gz"
    )
    monkeypatch.setenv("AXIALKIT_WEIGHTS_URL", "http://mirror/tf/")
    assert backbone.url == f"http://mirror/tf/{backbone.file}"


def test_an_archive_is_recognised_by_its_name():
    for each in RELEASED:
        assert guess_released(each.archive) == guess_released(each.file) == each
    assert guess_released("ckpt-60000") is None


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("max_deeplab_s_backbone", "imagent", 'Did you mean "imagenet"'),
        ("max_deeplb_s_backbone", "cityscapes", 'Did you mean "max_deeplab_s_backbone"'),
        ("tiny", "cityscapes", 'The authors released no weights of "tiny"'),
        ("qqq", "cityscapes", 'There is no preset "qqq"'),
    ],
)
def test_wrong_names(name, kind, words):
    with pytest.raises(InputError, match=words):
        find_released(name, kind)
