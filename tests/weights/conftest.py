"""A small network of the authors' family that a test server releases."""

from dataclasses import replace

import pytest

from axialkit.config import PRESETS
from axialkit.weights import download, released
from axialkit.weights.released import CITYSCAPES, IMAGENET, Released
from tests.archives import REDUCED, pack_checkpoint
from tests.file_server import Site, serve
from tests.tiny_networks import tiny_config

NAME = "reduced"


def reduced_config():
    """The reference's reduced network, for small pictures."""
    config = tiny_config(REDUCED)
    return replace(config, data=replace(config.data, crop_size=(97, 161)))


@pytest.fixture
def whole():
    return Released(NAME, CITYSCAPES, "reduced_os16_axial_deeplab_cityscapes_trainfine")


@pytest.fixture
def backbone():
    return Released(NAME, IMAGENET, "reduced_imagenet1k_strong_training_strategy")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def site(tmp_path, monkeypatch, home, whole, backbone):
    """The server, the table of what it releases, and the preset of that network."""
    archive = pack_checkpoint(tmp_path / "made" / "x.tar.gz", whole.archive)
    monkeypatch.setattr(download, "FIRST_WAIT", 0.0)
    monkeypatch.setattr(released, "RELEASED", (whole, backbone))
    monkeypatch.setitem(PRESETS, NAME, reduced_config())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(Site({whole.file: archive, backbone.file: archive})) as site:
        monkeypatch.setenv("AXIALKIT_WEIGHTS_URL", site.url)
        yield site


@pytest.fixture
def reduced(site):
    """Name of the preset."""
    return NAME
