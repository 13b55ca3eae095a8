import itertools
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from axialkit.config import DataConfig
from axialkit.data import dataset as dataset_module
from axialkit.data.augment import augment
from axialkit.data.cityscapes import panoptic_label
from axialkit.data.dataset import PanopticDataset, build_loader
from axialkit.data.targets import panoptic_targets
from axialkit.errors import InputError
from axialkit.structures import VOID

COUNT = 7
CONFIG = DataConfig(crop_size=(33, 65), sigma=1.5, small_instance_area=20)


def write_sample(root, number, image, instance_ids):
    for kind, suffix, values in (
        ("leftImg8bit", "leftImg8bit", image),
        ("gtFine", "gtFine_instanceIds", instance_ids.astype(np.uint16)),
    ):
        path = root / kind / "train" / "town" / f"town_{number:06}_000019_{suffix}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)


def read_truth(number):
    """Image and instance ids of the scene with that number, as ``root`` holds them."""
    random = np.random.default_rng(number)
    image = random.integers(0, 256, (32, 64, 3), dtype=np.uint8)
    ids = np.array([7, 11, 23, 26_000, 26_001, 24_000, 24])
    return image, random.choice(ids, (4, 8)).repeat(8, 0).repeat(8, 1)


@pytest.fixture
def root(tmp_path):
    for number in range(COUNT):
        write_sample(tmp_path, number, *read_truth(number))
    return tmp_path


def training(root, **fields):
    return PanopticDataset(root, "train", CONFIG, training=True, **fields)


def equal(one, other):
    tensors = zip((one.image, *one.targets), (other.image, *other.targets), strict=True)
    return all(torch.equal(a, b) for a, b in tensors)


def take(count, *args, **fields):
    return list(itertools.islice(build_loader(*args, **fields), count))


def test_training_sample_is_the_augmented_pair(root, monkeypatch):
    seen = []
    monkeypatch.setattr(
        dataset_module, "augment", lambda *args: seen.append(augment(*args)) or seen[-1]
    )
    sample = training(root)[2, 3]
    image, label = seen[0]
    np.testing.assert_array_equal(sample.image.numpy(), image.transpose(2, 0, 1))
    expected = panoptic_targets(label, CONFIG)
    assert equal(sample, sample._replace(targets=expected))


def test_validation_sample_is_the_whole_image_padded(root):
    dataset = PanopticDataset(root, "train", CONFIG, training=False)
    image, ids = read_truth(4)
    sample = dataset[4]
    assert sample.image.shape == (3, 33, 65)
    assert sample.image.dtype == torch.float32
    np.testing.assert_array_equal(sample.image[:, :32, :64].numpy(), image.transpose(2, 0, 1))
    assert (sample.image[:, 32] == 127.5).all()
    assert (sample.image[:, :, 64] == 127.5).all()
    padded = np.full((33, 65), VOID, np.int32)
    padded[:32, :64] = panoptic_label(ids.astype(np.int32))
    assert equal(sample, sample._replace(targets=panoptic_targets(padded, CONFIG)))


def test_validation_image_larger_than_the_crop_is_shrunk_whole(root):
    config = DataConfig(crop_size=(17, 33))
    sample = PanopticDataset(root, "train", config, training=False)[0]
    assert sample.image.shape == (3, 17, 33)
    assert (sample.image[:, 16] == 127.5).all()  # 32x64 -> 16x33 (65/64 of a half, truncated)
    assert (sample.image[:, 15] != 127.5).any()


def test_stride_thins_the_targets_and_leaves_the_image(root):
    full, half = training(root)[1, 5], training(root, stride=2)[1, 5]
    assert torch.equal(full.image, half.image)
    assert equal(full._replace(targets=full.targets.at_stride(2)), half)
    assert half.targets.semantic.shape == (17, 33)
    assert all(map_.is_contiguous() for map_ in half.targets)


def test_a_draw_depends_on_seed_epoch_and_index_alone(root):
    one, other = training(root, seed=3), training(root, seed=3)
    other[0, 1]
    assert equal(one[4, 2], other[4, 2])
    assert equal(one[2], one[0, 2])
    assert not equal(one[4, 2], one[5, 2])
    assert not equal(one[4, 2], training(root, seed=4)[4, 2])


def test_every_epoch_shows_every_sample_once_in_another_order(root):
    dataset = training(root)
    orders = [dataset.order(epoch) for epoch in range(4)]
    assert all(sorted(order) == list(range(COUNT)) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
    assert orders[2] == training(root).order(2)


def test_batches_follow_the_orders_across_epochs(root):
    dataset = training(root)
    keys = [(epoch, index) for epoch in range(3) for index in dataset.order(epoch)]
    for number, batch in enumerate(take(6, dataset, 3)):
        for place in range(3):
            sample = dataset[keys[3 * number + place]]
            assert torch.equal(batch.image[place], sample.image)
            assert torch.equal(batch.targets.offset[place], sample.targets.offset)


@pytest.mark.parametrize("start", [1, 2, 5, 30])
def test_a_stream_can_start_at_any_step(root, start):
    later = take(start + 2, training(root), 3)[start:]
    for one, other in zip(later, take(2, training(root), 3, start_step=start), strict=True):
        assert equal(one, other)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_do_not_change_the_stream(root, workers):
    alone, together = take(4, training(root), 2), take(4, training(root), 2, workers=workers)
    assert all(equal(one, other) for one, other in zip(alone, together, strict=True))


def test_batch_larger_than_the_data_set_goes_on_with_the_next_epoch(root):
    batch = take(1, training(root), COUNT + 2)[0]
    assert batch.image.shape == (COUNT + 2, 3, 33, 65)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_loader_leaves_the_global_random_state_alone(root, workers):
    before = torch.get_rng_state()
    take(2, training(root), 2, workers=workers)
    assert torch.equal(before, torch.get_rng_state())


def test_files_of_a_small_data_set_are_decoded_once(root):
    dataset = training(root)
    first = [dataset[0, index] for index in range(COUNT)]
    shutil.rmtree(root)
    assert all(equal(first[index], dataset[0, index]) for index in range(COUNT))


def test_files_of_a_large_data_set_are_read_again(root):
    dataset = training(root, cache_bytes=COUNT * 32 * 64 * 7 - 1)  # a byte short
    dataset[0]
    shutil.rmtree(root)
    with pytest.raises(InputError, match="There is no image file"):
        dataset[0]


def test_sizes_that_differ_are_named(root):
    image, ids = read_truth(0)
    write_sample(root, 0, image[:30], ids)
    with pytest.raises(InputError, match=r"leftImg8bit.png is 30x64 .*instanceIds.png are 32x64"):
        training(root)[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_file_stops_the_stream_with_its_sentence(root, workers):
    broken = sorted(root.glob("leftImg8bit/*/*/*.png"))[3]
    broken.write_bytes(broken.read_bytes()[:500])
    with pytest.raises(InputError) as caught:
        take(4, training(root), 2, workers=workers)
    assert str(caught.value).startswith(f"Cannot read the image {broken}")
    assert "Traceback" not in str(caught.value)


def test_grey_images_train_like_any_other(root, caplog):
    image, ids = read_truth(0)
    write_sample(root, 0, image[..., 0], ids)
    sample = PanopticDataset(root, "train", CONFIG, training=False)[0]
    assert torch.equal(sample.image[0], sample.image[2])
    assert len(caplog.records) == 1


def test_a_plain_loop_over_the_data_set_ends(root):
    assert len(list(training(root))) == len(training(root)) == COUNT
