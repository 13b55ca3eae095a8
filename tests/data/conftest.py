from pathlib import Path

import pytest

from axialkit.data import minicity

COUNTS = {"train": 6, "val": 3, "test": 1}


@pytest.fixture(scope="session", params=["full", "avenue"])
def drawn_root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MiniCity of each kind of scenes; do not write into it."""
    root = tmp_path_factory.mktemp(f"minicity_{request.param}")
    return minicity.generate(root, scenes=request.param, progress=False, **COUNTS)
