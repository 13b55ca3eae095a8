"""Small data sets, and networks whose answers are known."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from axialkit.data.augment import fit
from axialkit.data.cityscapes import list_samples, panoptic_label
from axialkit.data.dataset import read_image_and_ids
from axialkit.data.minicity import generate
from axialkit.data.targets import panoptic_targets
from axialkit.structures import IGNORE_CLASS, Prediction
from tests.conftest import GOLDEN


class Answers(nn.Module):
    """Answers each known picture with the perfect heads for a panoptic map."""

    def __init__(self, config):
        super().__init__()
        self.config = config.data
        self.answers = {}

    def learn(self, image, label):
        """Remember the heads for a picture and its panoptic labels (int32, void allowed)."""
        pixels, label = fit(image, label, self.config.crop_size)
        targets = panoptic_targets(label, self.config)
        classes = torch.where(targets.semantic == IGNORE_CLASS, 0, targets.semantic)
        logits = 9.0 * nn.functional.one_hot(classes.long(), 19).permute(2, 0, 1)
        heads = Prediction(logits[None], targets.center[None, None], targets.offset[None])
        self.answers[pixels.transpose(2, 0, 1).tobytes()] = heads

    def forward(self, images, stride=1):
        return self.answers[images[0].numpy().tobytes()]


class Constant(nn.Module):
    """Sees road everywhere."""

    def forward(self, images, stride=1):
        batch, _, height, width = images.shape
        logits = torch.zeros(batch, 19, height, width)
        logits[:, 0] = 1
        return Prediction(
            logits, torch.zeros(batch, 1, height, width), torch.zeros(batch, 2, height, width)
        )


def oracle(root, config):
    """Return a network that knows the ground truth of a data set's val split."""
    model = Answers(config)
    for sample in list_samples(root, "val"):
        image, instance_ids = read_image_and_ids(sample)
        model.learn(image, panoptic_label(instance_ids))
    return model


@pytest.fixture(scope="session")
def avenue(tmp_path_factory):
    """A MiniCity of avenue scenes with six val images."""
    root = tmp_path_factory.mktemp("avenue")
    return generate(root, scenes="avenue", train=1, val=6, test=1, workers=1, progress=False)


@pytest.fixture(scope="session")
def streets(tmp_path_factory):
    """A MiniCity of full scenes with eight val images, crowds and void among them."""
    root = tmp_path_factory.mktemp("streets")
    return generate(root, train=1, val=8, test=1, workers=1, progress=False)


@pytest.fixture
def golden_root(tmp_path, load_golden):
    """A golden set (with crowds and void) as a data set whose pictures are noise."""
    arrays = load_golden("eval/random_a/arrays.npz")
    shutil.copytree(GOLDEN / "eval/random_a/cityscapes", tmp_path / "set")
    rng = np.random.default_rng(0)
    for name, ids in zip(arrays["ids"], arrays["gt_instance_ids"], strict=True):
        path = tmp_path / f"set/leftImg8bit/val/{name.split('_')[0]}/{name}_leftImg8bit.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*ids.shape, 3), np.uint8)).save(path)
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path / "set", arrays
