import errno
from pathlib import Path

import pytest

from axialkit.errors import InputError
from axialkit.files import atomic_path, read_json, write_json


def test_success_replaces_and_leaves_no_other_file(tmp_path):
    path = tmp_path / "new" / "a.json"
    write_json(path, {"x": 1})
    write_json(path, {"x": 2})
    assert read_json(path) == {"x": 2}
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_failure_keeps_the_older_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.json", tmp_path / "file" / "deeper" / "a.json"):
        with pytest.raises(InputError, match="is a file, not a folder"):
            write_json(path, {})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_reasons_of_the_system_become_a_sentence(tmp_path, monkeypatch, number):
    def refuse(self: Path, *_: object) -> None:
        self.touch()
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(InputError, match=r"Cannot write .*a\.json: [a-zA-Z -]+\. "):
        write_json(tmp_path / "a.json", {})
    assert not list(tmp_path.iterdir())


def test_other_errors_of_the_system_pass(tmp_path):
    with pytest.raises(OSError, match="odd"), atomic_path(tmp_path / "a"):
        raise OSError(errno.EIO, "odd")
