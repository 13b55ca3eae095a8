from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from axialkit.data import video
from axialkit.errors import InputError
from tests.videos import write_cut_video, write_video

COLORS = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (250, 0, 250)]
COLORS += [(9, 9, 9)]
TOLERANCE = 12  # of 255: videos hold half the color pixels, in steps


def plain(colors=COLORS, size=(32, 64)):
    return [np.full((*size, 3), color, np.uint8) for color in colors]


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.mp4", plain())


@pytest.mark.parametrize(
    ("every", "limit", "numbers"),
    [(1, None, [0, 1, 2, 3, 4, 5, 6]), (3, None, [0, 3, 6]), (2, 3, [0, 2, 4]), (9, None, [0])],
)
def test_frames_come_in_order_with_their_colors(clip, every, limit, numbers):
    frames = list(video.read_frames(clip, every, limit))
    assert [frame.number for frame in frames] == numbers
    for frame in frames:
        assert frame.image.shape == (32, 64, 3) and frame.image.dtype == np.uint8
        wrong = np.abs(frame.image.astype(int) - COLORS[frame.number])
        assert wrong.max() <= TOLERANCE


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_frames_are_turned_upright(tmp_path, turns, mirrored):
    quarters = np.array([[COLORS[0], COLORS[1]], [COLORS[2], COLORS[3]]], np.uint8)
    picture = quarters.repeat(16, axis=0).repeat(32, axis=1)
    clip = write_video(tmp_path / "clip.mp4", [picture], rotation=(90 * turns, mirrored))
    (frame,) = video.read_frames(clip)
    expected = np.rot90(picture, turns)  # counter-clockwise
    expected = np.fliplr(expected) if mirrored else expected
    assert frame.image.shape == expected.shape
    assert np.abs(frame.image.astype(int) - expected)[4::8, 4::8].max() <= 3 * TOLERANCE


def test_a_video_says_its_rate_and_length(tmp_path):
    clip = write_video(tmp_path / "clip.mov", plain(), rate=Fraction(30000, 1001))
    assert video.describe_video(clip) == (Fraction(30000, 1001), 7)


def test_a_cut_video_gives_what_it_has_then_one_sentence(tmp_path):
    cut = write_cut_video(tmp_path / "cut.mp4")
    numbers = []
    with pytest.raises(
        InputError, match=r"cut\.mp4 is damaged after frame [2-4] \(.*again"
    ) as stop:
        numbers.extend(frame.number for frame in video.read_frames(cut))
    assert "\n" not in str(stop.value)
    numbers = [frame.number for frame in video.read_frames(cut, limit=3)]  # the damage is later
    assert numbers == [0, 1, 2]


def no_video(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("a letter, not a video\n" * 40)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "half":
        content = write_video(path, plain()).read_bytes()
        path.write_bytes(content[:300])
    elif kind == "sound":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44100)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
            frame.sample_rate = 44100
            container.mux(stream.encode(frame))
            container.mux(stream.encode())


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("text", r"clip\.mp4 is not a video, or it is damaged \(.*Copy, download or export"),
        ("empty", r"clip\.mp4 is empty \(0 bytes\)\. Copy or download"),
        ("half", r"clip\.mp4 .*damaged"),
        ("sound", r"clip\.mp4 holds no pictures: only sound\."),
        ("missing", r"There is no video file .*clip\.mp4\. Check the path\."),
    ],
)
def test_what_is_no_video_is_told_in_one_sentence(tmp_path, kind, sentence, capfd):
    path = tmp_path / "clip.mp4"
    no_video(path, kind)
    with pytest.raises(InputError, match=sentence) as stop:
        list(video.read_frames(path))
    assert "\n" not in str(stop.value)
    assert capfd.readouterr().err == ""  # the decoder itself says nothing


def test_endings_tell_videos_and_only_moving_gifs_are_some(tmp_path):
    first, *others = (Image.fromarray(picture) for picture in plain())
    first.save(tmp_path / "still.gif")
    first.save(tmp_path / "moving.gif", save_all=True, append_images=others, duration=100)
    assert video.is_video(tmp_path / "moving.gif") and not video.is_video(tmp_path / "still.gif")
    assert all(video.is_video(Path(name)) for name in ("a.mp4", "a.MOV", "a.mkv", "a.webm"))
    assert not any(video.is_video(Path(name)) for name in ("a.png", "mp4", "a.gif", "a.mp4.jpg"))
    shown = [frame.image[0, 0] for frame in video.read_frames(tmp_path / "moving.gif")]
    np.testing.assert_allclose(shown, COLORS, atol=1)


@pytest.mark.parametrize("encoder", ["libx264", "mpeg4"])
def test_pictures_become_a_video(tmp_path, monkeypatch, encoder):
    monkeypatch.setattr(video, "_ENCODERS", [e for e in video._ENCODERS if e[0] == encoder])
    rate = Fraction(30000, 1001) / 4
    with video.write_video(tmp_path / "new" / "out.mp4", rate) as writer:
        for picture in plain(size=(33, 65)):  # odd: one row and one column are added
            writer.add(picture)
        writer.add(np.full((16, 32, 3), 255, np.uint8))  # of another size: scaled
    with av.open(str(tmp_path / "new" / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == rate
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [picture.shape for picture in found] == [(34, 66, 3)] * 8
    for picture, color in zip(found, [*COLORS, (255, 255, 255)], strict=True):
        assert np.abs(picture.astype(int) - color).max() <= 2 * TOLERANCE


@pytest.mark.parametrize("rate", [Fraction(1000), Fraction(123456789, 5123457), Fraction(1, 30)])
def test_any_rate_is_written(tmp_path, monkeypatch, rate):
    monkeypatch.setattr(video, "_ENCODERS", video._ENCODERS[1:])  # MPEG-4 is the pickier one
    with video.write_video(tmp_path / "out.mp4", rate) as writer:
        for picture in plain():
            writer.add(picture)
    assert float(video.describe_video(tmp_path / "out.mp4").rate) == pytest.approx(rate, rel=1e-3)


def test_an_interrupted_video_leaves_nothing(tmp_path):
    with (
        pytest.raises(KeyboardInterrupt),
        video.write_video(tmp_path / "out.mp4", Fraction(25)) as writer,
    ):
        writer.add(plain()[0])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_missing_encoder_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "_ENCODERS", (("no such encoder", {}),))
    with (
        pytest.raises(
            InputError, match=r"cannot write MP4 videos: it has none of no such.*--write"
        ),
        video.write_video(tmp_path / "out.mp4", Fraction(25)),
    ):
        pytest.fail("the work began")
