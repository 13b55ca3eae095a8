import pytest

from axialkit.cli.predict_inputs import find_files, unique_names
from axialkit.errors import InputError


def test_folders_and_patterns_stand_for_their_files_and_shared_names_stay_apart(tmp_path):
    for path in ("a/x.png", "a/y.JPG", "a/notes.txt", "b/x.png", "b/c/z.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"")

    def found(*given):
        files = find_files(tuple(tmp_path / path for path in given))
        return [str(path.relative_to(tmp_path)) for path in files]

    assert found("a", "b", "a/x.png") == ["a/x.png", "a/y.JPG", "b/x.png"]
    assert found("**/*.png") == ["a/x.png", "b/c/z.png", "b/x.png"]
    assert found("[b]/?.png", "a/*.[jJ]*") == ["b/x.png", "a/y.JPG"]
    assert found("b/*") == ["b/x.png"]  # not the folder
    images = find_files((tmp_path / "a", tmp_path / "b"))
    assert unique_names(images) == ["a_x_png", "a_y_JPG", "b_x_png"]
    assert unique_names(images[:2]) == ["x", "y"]


def test_a_file_may_be_called_like_a_pattern(tmp_path):
    (tmp_path / "street[1].png").write_bytes(b"")
    assert find_files((tmp_path / "street[1].png",)) == [tmp_path / "street[1].png"]


def test_no_output_takes_the_place_of_another(tmp_path):
    paths = [tmp_path / name for name in ("drive.mp4", "drive_000012.png", "drive_12.png")]
    assert unique_names(paths) == ["drive_mp4", "drive_000012_png", "drive_12_png"]
    assert unique_names(paths[::2]) == ["drive", "drive_12"]
    paths = [tmp_path / name for name in ("a/b_c.png", "a_b/c.png", "d/c.png")]
    assert len(set(unique_names(paths))) == 3


def test_what_stands_for_nothing_is_refused(axk, tmp_path):
    assert "Name at least one image" in axk("predict", "tiny").sentence
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no images .*pattern in quotes"):
        find_files((tmp_path / "empty",))
    with pytest.raises(InputError, match=r"There is no image .*nothing\.png"):
        find_files((tmp_path / "nothing.png",))
    with pytest.raises(InputError, match=r"No file matches the pattern .*\*\.jpg\. Check"):
        find_files((tmp_path / "**" / "*.jpg",))
