"""Real files of real formats, good and bad."""

import numpy as np
import pytest
from PIL import Image

from axialkit.demo.uploads import read_upload
from axialkit.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


@pytest.fixture
def save(tmp_path):
    def save(picture, name="picture.png", **options):
        path = tmp_path / name
        picture.save(path, **options)
        return str(path)

    return save


def test_pixels_are_those_of_the_file(save):
    np.testing.assert_array_equal(read_upload(save(Image.fromarray(PIXELS))), PIXELS)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA", "I;16"])
def test_other_modes_are_converted(save, mode, caplog):
    picture = Image.fromarray(PIXELS)
    if mode == "I;16":
        picture = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    else:
        picture = picture.convert(mode)
    found = read_upload(save(picture))
    assert found.shape == (40, 60, 3)
    assert found.dtype == np.uint8
    assert caplog.records == []  # nothing of an upload is logged


def test_cmyk_is_converted(save):
    found = read_upload(save(Image.fromarray(PIXELS).convert("CMYK"), "print.jpg", quality=95))
    assert found.shape == (40, 60, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(save, orientation):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = 255  # white in the upper left corner
    stored = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a.transpose(1, 0, 2), 2),
        8: lambda a: np.rot90(a, 3),
    }.get(orientation, lambda a: a)(upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    np.testing.assert_array_equal(read_upload(path), upright)


def test_a_bomb_is_refused_before_it_is_decoded(save):
    path = save(Image.new("1", (5001, 5000)))
    with pytest.raises(InputError, match=r"picture.png is too large: it has 5001 x 5000 pixels"):
        read_upload(path)


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000), (2100, 100)])
def test_a_line_is_no_picture(save, size):
    with pytest.raises(InputError, match="more than 20 times as long as the other. Crop it"):
        read_upload(save(Image.new("RGB", size)))


def test_animations_are_refused(save):
    frames = [Image.fromarray(np.roll(PIXELS, n, 0)) for n in range(3)]
    path = save(frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"moving.gif is an animation .*3 frames"):
        read_upload(path)


def test_half_a_file_is_refused(save, tmp_path):
    whole = (tmp_path / "x").with_suffix(".jpg")
    Image.fromarray(PIXELS).save(whole)
    half = tmp_path / "half.jpg"
    half.write_bytes(whole.read_bytes()[:600])
    with pytest.raises(InputError, match="half.jpg"):
        read_upload(str(half))


def test_something_else_is_refused_without_its_folder(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("#!/bin/sh\n")
    with pytest.raises(InputError) as caught:
        read_upload(str(path))
    assert "notes.png is not an image" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_nothing_and_what_is_gone(tmp_path):
    with pytest.raises(InputError, match="Choose, roll or upload one first"):
        read_upload(None)
    with pytest.raises(InputError, match="old.png is no longer here: .* half an hour"):
        read_upload(str(tmp_path / "old.png"))
