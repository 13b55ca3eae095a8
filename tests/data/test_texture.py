import numpy as np

from axialkit.data.texture import MATERIAL_IDS, MATERIALS, finish, smooth_noise


def test_noise_fills_the_size_and_changes_slowly():
    noise = smooth_noise((50, 90), (10, 20), np.random.RandomState(0))
    assert noise.shape == (50, 90)
    assert np.abs(noise).max() <= 1.3
    assert np.abs(np.diff(noise, axis=1)).max() < np.abs(np.diff(noise, axis=0)).max() < 0.3


def test_finish_adds_a_sensors_noise_and_leaves_the_mean():
    flat = np.full((128, 256, 3), 120, np.uint8)
    materials = np.full((128, 256), MATERIAL_IDS["flat"], np.uint8)
    for seed in range(8):
        photo = finish(flat, materials, 1.0, np.random.RandomState(seed)).astype(float)
        center = photo[54:74, 108:148]  # where the vignette does nothing
        assert 0.9 < center.std() < 3.3
        assert abs(center.mean() - 119.5) < 1


def test_leaves_are_rougher_than_paint():
    image = np.full((128, 256, 3), 120, np.uint8)
    spread = {}
    for name in ("leaf", "metal"):
        materials = np.full((128, 256), MATERIAL_IDS[name], np.uint8)
        spread[name] = finish(image, materials, 1.0, np.random.RandomState(3)).std()
    assert spread["leaf"] > 2 * spread["metal"]


def test_material_ids_follow_the_table():
    assert [MATERIAL_IDS[name] for name in MATERIALS] == list(range(len(MATERIALS)))
