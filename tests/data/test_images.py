import io
import logging
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from axialkit.data.images import read_rgb
from axialkit.errors import InputError


def picture(height=6, width=9):
    """A gradient in which every pixel differs."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y * 20, x * 20, (y + x) * 10], axis=-1).astype(np.uint8)


def save(tmp_path, image, name="image.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.ppm"])
def test_rgb_is_read_as_it_is_and_silently(tmp_path, caplog, name):
    read = read_rgb(save(tmp_path, Image.fromarray(picture()), name))
    np.testing.assert_array_equal(read, picture())
    assert read.dtype == np.uint8
    assert read.flags.writeable
    assert warnings_of(caplog) == []


def grey_image(mode):
    values = picture()[..., 0]
    return Image.fromarray(values).convert(mode), np.repeat(values[..., None], 3, axis=-1)


def bit_image(_):
    values = picture()[..., 0] > 50
    return Image.fromarray(values), np.repeat(values[..., None], 3, axis=-1) * 255


def deep_image(_):
    values = picture()[..., 0].astype(np.uint16) * 257 + 100  # less than half an 8-bit step more
    return Image.fromarray(values), grey_image("L")[1]


def palette_image(_):
    indices = (picture()[..., 1] // 20).astype(np.uint8)
    colors = np.random.default_rng(0).integers(0, 256, (9, 3), dtype=np.uint8)
    image = Image.fromarray(indices).convert("P")
    image.putpalette(colors.tobytes())
    return image, colors[indices]


def alpha_image(mode):
    """Left half opaque, right half transparent: white shows through."""
    base = picture() if mode == "RGBA" else grey_image("L")[1]
    image = Image.fromarray(picture()) if mode == "RGBA" else grey_image("L")[0]
    alpha = np.zeros((6, 9), np.uint8)
    alpha[:, :4] = 255
    image.putalpha(Image.fromarray(alpha))
    expected = base.copy()
    expected[:, 4:] = 255
    return image, expected


CONVERTED = {
    "L": (grey_image, "converted from grey to RGB"),
    "1": (bit_image, "converted from black and white to RGB"),
    "I;16": (deep_image, "converted from 16-bit grey to RGB"),
    "P": (palette_image, "converted from a color palette to RGB"),
    "RGBA": (alpha_image, "converted from RGB with transparency to RGB"),
    "LA": (alpha_image, "converted from grey with transparency to RGB"),
}


@pytest.mark.parametrize("mode", CONVERTED)
def test_other_modes_are_converted_with_one_warning(tmp_path, caplog, mode):
    make, message = CONVERTED[mode]
    image, expected = make(mode)
    path = save(tmp_path, image)
    for _ in range(2):
        np.testing.assert_array_equal(read_rgb(path), expected)
    assert warnings_of(caplog) == [f"{path}: {message}."]
    assert caplog.records[0].levelno == logging.WARNING


def test_16_bit_tiff_of_the_other_byte_order(tmp_path, caplog):
    image, expected = deep_image(None)
    big_endian = Image.frombytes("I;16B", image.size, np.asarray(image).astype(">u2").tobytes())
    np.testing.assert_array_equal(read_rgb(save(tmp_path, big_endian, "a.tiff")), expected)
    assert len(warnings_of(caplog)) == 1


def test_cmyk_jpeg_keeps_its_colors(tmp_path, caplog):
    flat = np.full((16, 16, 3), (200, 40, 90), np.uint8)
    path = save(tmp_path, Image.fromarray(flat).convert("CMYK"), "a.jpg", quality=95)
    assert np.abs(read_rgb(path).astype(int) - flat).max() <= 4
    assert warnings_of(caplog) == [f"{path}: converted from CMYK to RGB."]


def test_transparent_color_of_a_palette_shows_white(tmp_path):
    image, expected = palette_image(None)
    path = save(tmp_path, image, transparency=4)
    expected[:, 4] = 255
    np.testing.assert_array_equal(read_rgb(path), expected)


# EXIF value -> how the stored array is turned to stand upright
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_obeyed_silently(tmp_path, caplog, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path, Image.fromarray(picture()), exif=exif)
    np.testing.assert_array_equal(read_rgb(path), UPRIGHT[orientation](picture()))
    assert warnings_of(caplog) == []


def test_the_warning_is_one_plain_line_on_stderr(tmp_path):
    path = save(tmp_path, grey_image("L")[0])
    code = f"from axialkit.data.images import read_rgb; read_rgb({str(path)!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == f"{path}: converted from grey to RGB.\n"


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tiff", "a.webp"])
def test_animations_and_pages_are_refused(tmp_path, name):
    frames = [Image.fromarray(picture() // number) for number in (1, 2, 3)]
    path = save(tmp_path, frames[0], name, save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"animation or has several pages \(3 frames\)"):
        read_rgb(path)


def test_single_frame_gif_is_an_image(tmp_path):
    assert read_rgb(save(tmp_path, palette_image(None)[0], "a.gif")).shape == (6, 9, 3)


def test_photo_with_a_preview_behind_it_is_an_image(tmp_path):
    frames = [Image.fromarray(np.full((16, 16, 3), value, np.uint8)) for value in (200, 10)]
    path = save(tmp_path, frames[0], "a.mpo", save_all=True, append_images=frames[1:])
    assert read_rgb(path).mean() == pytest.approx(200, abs=2)


def test_pixel_limit_is_inclusive(tmp_path):
    path = save(tmp_path, Image.fromarray(picture()))
    assert read_rgb(path, max_pixels=54).shape == (6, 9, 3)
    with pytest.raises(InputError, match="too large: it has 9 x 6 pixels"):
        read_rgb(path, max_pixels=53)


@pytest.mark.parametrize("width", [8001, 12_000, 24_000])  # below and above Pillow's own two limits
def test_real_limit(tmp_path, width, recwarn):
    path = save(tmp_path, Image.new("1", (width, 8000)))
    with pytest.raises(InputError, match="too large.*the limit is 64 million"):
        read_rgb(path)
    assert not recwarn


def test_missing_file_folder_and_empty_file(tmp_path):
    with pytest.raises(InputError, match=f"There is no image file {tmp_path / 'a.png'}"):
        read_rgb(tmp_path / "a.png")
    with pytest.raises(InputError, match="is a folder, not an image"):
        read_rgb(str(tmp_path))
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match=r"a\.png is empty \(0 bytes\)"):
        read_rgb(tmp_path / "a.png")


def test_text_is_not_an_image(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("leftImg8bit")
    with pytest.raises(InputError, match="is not an image.*Export it as PNG or JPEG"):
        read_rgb(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp", "a.bmp", "a.tiff"])
def test_truncated_file_is_refused(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    path = save(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=str(path)):
        read_rgb(path)


def test_grey_without_a_known_range_is_refused(tmp_path):
    for number, values in enumerate([np.float32([[0.5, 1.0]]), np.int32([[5, 70_000]])]):
        path = save(tmp_path, Image.fromarray(values), f"{number}.tiff")
        with pytest.raises(InputError, match="black and white are not known"):
            read_rgb(path)


def test_vector_drawing_is_refused(tmp_path):
    path = save(tmp_path, Image.fromarray(picture()), "a.eps")
    with pytest.raises(InputError, match=r"vector drawing \(EPS\)"):
        read_rgb(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damaged_bytes_never_end_in_another_exception(tmp_path, kind):
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(16, 20)).save(buffer, kind, **({"exif": exif} if kind != "GIF" else {}))
    good, path, random = buffer.getvalue(), tmp_path / "a", np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(good)
        for place in random.integers(0, min(len(good), 200), size=4):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            assert read_rgb(path).shape[2] == 3
        except InputError:
            refused += 1
    assert refused > 0
