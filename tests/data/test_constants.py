import pytest

from axialkit.config import get_preset
from axialkit.data.constants import for_image_size
from axialkit.errors import InputError

OFFICIAL = get_preset("axial_swidernet_1_1_1")


@pytest.mark.parametrize(
    ("size", "crop", "sigma", "small", "nms", "stuff"),
    [
        ((1024, 2048), (1025, 2049), 8, 4096, 13, 2048),
        ((512, 1024), (513, 1025), 4, 1024, 7, 512),
        ((256, 512), (257, 513), 2, 256, 5, 128),
        ((128, 256), (129, 257), 2, 64, 5, 32),
    ],
)
def test_the_table(size, crop, sigma, small, nms, stuff):
    config = for_image_size(OFFICIAL, size)
    assert config.data.crop_size == crop
    assert config.data.sigma == sigma
    assert config.data.small_instance_area == small
    assert config.postprocess.nms_kernel == nms
    assert config.postprocess.stuff_area_limit == stuff


def test_nothing_else_changes_and_the_published_size_is_the_recipe_itself():
    assert for_image_size(OFFICIAL, (1024, 2048)) == OFFICIAL
    small = for_image_size(OFFICIAL, (300, 777))
    assert small.data.crop_size == (305, 785)
    assert (small.loss, small.train, small.backbone) == (
        OFFICIAL.loss,
        OFFICIAL.train,
        OFFICIAL.backbone,
    )


def test_a_size_of_nothing_is_refused():
    with pytest.raises(InputError, match="must be positive, got 0x10"):
        for_image_size(OFFICIAL, (0, 10))
