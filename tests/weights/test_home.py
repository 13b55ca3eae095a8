import os
import socket
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from axialkit.errors import InputError
from axialkit.weights.home import home_folder, working_folder


def test_the_variable_names_the_cache_else_the_system_does(monkeypatch, tmp_path):
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path))
    assert home_folder() == tmp_path
    monkeypatch.setenv("AXIALKIT_HOME", "~/weights")
    assert home_folder() == Path.home() / "weights"
    monkeypatch.delenv("AXIALKIT_HOME")
    assert home_folder() == Path(platformdirs.user_cache_dir("axialkit"))


def test_a_working_folder_is_gone_afterwards(tmp_path):
    with pytest.raises(KeyboardInterrupt), working_folder(tmp_path / "new") as work:
        (work / "tree").mkdir()
        (work / "tree" / "file").touch()
        raise KeyboardInterrupt
    assert list((tmp_path / "new").iterdir()) == []


def test_those_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with working_folder(tmp_path) as work:
        parent = work.parent
    mine, host = f"{socket.gethostname()}.{os.getpid()}", socket.gethostname()
    for name in (f"{host}.{ended.pid}", f"{host}.{os.getppid()}", f"elsewhere.{ended.pid}", mine):
        (parent / name / "tree").mkdir(parents=True)
    with working_folder(tmp_path) as work:
        assert list(work.iterdir()) == []
        found = {path.name for path in parent.iterdir()}
    assert found == {mine, f"{host}.{os.getppid()}", f"elsewhere.{ended.pid}"}


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    message = "Not a directory. Choose another folder"
    with pytest.raises(InputError, match=message), working_folder(tmp_path / "file"):
        pass
