import json
import re
import sys

import av
import numpy as np
import pytest
from PIL import Image

from axialkit.data.minicity import scene
from tests.videos import write_cut_video, write_video


@pytest.fixture
def street(tmp_path):
    path = tmp_path / "street.png"
    Image.fromarray(scene(3).image).save(path)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def drive(tmp_path):
    """Seven frames: the same street, moving by one pixel."""
    picture = scene(3).image
    frames = [np.roll(picture, number, axis=1) for number in range(7)]
    return write_video(tmp_path / "drive.mp4", frames, rate=24)


def test_a_video_becomes_files_of_its_frames_and_a_video(axk, drive, tmp_path):
    out = tmp_path / "seen"
    outcome = axk("predict", "tiny", drive, "--every", 3, "--out", out, "--json", tmp_path / "t")
    assert outcome.code == 0, outcome.err
    frames = [
        f"drive_{number:06d}_{ending}"
        for number in (0, 3, 6)
        for ending in ("overlay.png", "panoptic.json", "panoptic.png")
    ]
    assert names(out) == sorted([*frames, "drive_overlay.mp4"])
    tables = json.loads((tmp_path / "t").read_text())
    assert [(table["image"], table["frame"]) for table in tables] == [
        (str(drive), number) for number in (0, 3, 6)
    ]
    mean = sum(len(table["segments"]) for table in tables) / 3
    assert f"{drive} (128x256): 3 frames, {mean:.1f} segments in each" in outcome.out
    (annotation,) = json.loads((out / "drive_000003_panoptic.json").read_text())["annotations"]
    assert annotation["file_name"] == "drive_000003_panoptic.png"
    with av.open(str(out / "drive_overlay.mp4")) as container:
        assert container.streams.video[0].average_rate == 8
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 3
    for number, picture in zip((0, 3, 6), shown, strict=True):
        still = np.array(Image.open(out / f"drive_{number:06d}_overlay.png"))[:512]
        assert np.abs(picture[:512].astype(int) - still).mean() < 8


def test_the_video_alone_and_a_few_frames(axk, drive, tmp_path):
    out = tmp_path / "seen"
    flags = ("--frames", 2, "--write", "video", "--out", out)
    assert axk("predict", "tiny", drive, *flags).code == 0
    assert names(out) == ["drive_overlay.mp4"]
    with av.open(str(out / "drive_overlay.mp4")) as container:
        assert len(list(container.decode(video=0))) == 2


def test_a_cut_video_keeps_what_came_before(axk, tmp_path):
    cut = write_cut_video(tmp_path / "cut.mp4")
    out = tmp_path / "seen"
    outcome = axk("predict", "tiny", cut, "--out", out, "--write", "video", "json")
    assert outcome.code == 2
    assert re.search(r"cut\.mp4 is damaged after frame [2-4] \(", outcome.sentence)
    assert "What came before is written" in outcome.sentence
    assert "cut_000002_panoptic.json" in names(out)
    with av.open(str(out / "cut_overlay.mp4")) as container:
        assert len(list(container.decode(video=0))) == len(names(out)) - 1


def test_flags_on_videos_are_checked(axk, street, drive):
    assert axk("predict", "tiny", drive, "--every", 0).sentence == (
        "--every must be at least 1, got 0."
    )
    assert "--frames must be at least 1" in axk("predict", "tiny", drive, "--frames", -1).sentence
    outcome = axk("predict", "tiny", street, "--write", "video")
    assert outcome.code == 2 and "--write video is for videos only" in outcome.sentence


def test_without_pyav_the_remedy_is_named_before_the_work(
    axk, drive, street, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "av", None)
    outcome = axk("predict", "tiny", street, drive, "--out", tmp_path / "seen")
    assert outcome.code == 2
    assert "The package av is missing" in outcome.sentence and ".[video]" in outcome.sentence
    assert not (tmp_path / "seen").exists()
