import socket

import numpy as np
import pytest
import torch
from PIL import Image

from axialkit.config import get_preset, to_dict
from axialkit.data.minicity import scene
from axialkit.demo.network import Network
from axialkit.files import write_json
from axialkit.model import build_model
from axialkit.weights import save_weights

STREET = 1  # number of the street that most tests ask about


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A training run's folder; the answers of its network are arbitrary but always the same."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    write_json(folder / "config.json", to_dict(get_preset("tiny")))
    save_weights(folder / "weights.safetensors", build_model("tiny"))
    return folder


@pytest.fixture(scope="session")
def tiny():
    """The shipped teaching weights."""
    return Network.load("tiny")


@pytest.fixture(scope="session")
def drawn():
    return scene(0, seed=STREET)


@pytest.fixture(scope="session")
def street(drawn):
    return drawn.image


@pytest.fixture(scope="session")
def street_file(street, tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "street.png"
    Image.fromarray(street).save(path)
    return str(path)


@pytest.fixture(scope="session")
def photo():
    """As large as a small photo, and of another shape than the network's crop."""
    return np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)


@pytest.fixture(scope="module")
def callers():
    """Addresses beyond this machine that this process connects to, while the test runs."""
    found = []
    connect = socket.socket.connect

    def watched(self, address):
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(("127.", "::1")):
            found.append(address)
        return connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", watched)
    yield found
    patch.undo()


@pytest.fixture(scope="module")
def page(callers):
    """The page with the shipped weights, being served."""
    pytest.importorskip("gradio")
    from axialkit.demo import app

    page = app.launch("tiny", port=7990, block=False)
    yield page
    page.close(verbose=False)
    assert callers == []  # neither start nor requests asked anybody beyond this machine


@pytest.fixture(scope="module")
def address(page):
    return page.local_url.rstrip("/")


@pytest.fixture(scope="module")
def client(address):
    from gradio_client import Client

    return Client(address, verbose=False, analytics_enabled=False)
