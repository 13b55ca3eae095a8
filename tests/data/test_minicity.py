import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data import minicity
from axialkit.data.cityscapes import (
    SPLITS,
    list_samples,
    panoptic_label,
    read_instance_ids,
    read_label_ids,
)
from axialkit.data.minicity_files import config_path
from axialkit.data.minicity_settings import VERSION
from axialkit.data.rasterize import read_polygons
from axialkit.errors import InputError
from axialkit.files import read_json, write_json

LABELS = ("color.png", "labelIds.png", "labelTrainIds.png", "instanceIds.png", "polygons.json")
FEW = {"scenes": "avenue", "train": 3, "val": 2, "test": 1, "progress": False}


def all_samples(root: Path):
    return [sample for split in SPLITS for sample in list_samples(root, split)]


def files_of(root: Path) -> dict[str, bytes]:
    """Hash every file but the lock; pictures by their pixels, JSON by its content."""
    hashes = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p.name != "lock"):
        if path.suffix == ".png":
            with Image.open(path) as image:
                content = f"{image.mode} {image.size}".encode() + np.asarray(image).tobytes()
        else:
            content = json.dumps(read_json(path), sort_keys=True).encode()
        hashes[path.relative_to(root).as_posix()] = hashlib.sha256(content).digest()
    return hashes


def temporary_files(root: Path) -> list[Path]:
    return list(root.rglob("*.tmp*"))


def images_in(root: Path) -> list[Path]:
    return list(root.glob("leftImg8bit/*/*/*.png"))


def assert_finished_images_are_whole(root: Path) -> None:
    for image in images_in(root):
        name = image.name.removesuffix("_leftImg8bit.png")
        folder = root / "gtFine" / image.parts[-3] / image.parts[-2]
        assert np.asarray(Image.open(image)).shape == (64, 128, 3)
        for ending in LABELS:
            path = folder / f"{name}_gtFine_{ending}"
            if path.suffix == ".png":
                Image.open(path).load()
            else:
                assert json.loads(path.read_text())["objects"]


class TestOfficialTools:
    def test_regenerate_every_label_picture(self, drawn_root):
        from cityscapesscripts.helpers.annotation import Annotation
        from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
        from cityscapesscripts.preparation.json2labelImg import createLabelImage

        samples = all_samples(drawn_root)
        assert len(samples) == 10
        for sample in samples:
            annotation = Annotation()
            annotation.fromJsonFile(str(sample.polygons))
            official = {
                "labelIds": createLabelImage(annotation, "ids"),
                "labelTrainIds": createLabelImage(annotation, "trainIds"),
                "color": createLabelImage(annotation, "color"),
                "instanceIds": createInstanceImage(annotation, "ids"),
            }
            for ending, picture in official.items():
                ours = sample.polygons.with_name(f"{sample.name}_gtFine_{ending}.png")
                np.testing.assert_array_equal(np.array(Image.open(ours)), np.array(picture))


class TestFiles:
    def test_have_the_formats_of_cityscapes(self, drawn_root):
        config = read_json(config_path(drawn_root))
        height, width = config["size"]
        modes = {"color": "RGBA", "labelIds": "L", "labelTrainIds": "L", "instanceIds": "I;16"}
        for sample in all_samples(drawn_root):
            image = Image.open(sample.image)
            assert (image.mode, image.size) == ("RGB", (width, height))
            for ending, mode in modes.items():
                picture = Image.open(
                    sample.polygons.with_name(f"{sample.name}_gtFine_{ending}.png")
                )
                assert (picture.mode, picture.size) == (mode, (width, height))
            content = read_json(sample.polygons)
            assert (content["imgHeight"], content["imgWidth"]) == (height, width)

    def test_equal_the_scene_in_memory(self, drawn_root):
        kind = read_json(config_path(drawn_root))["scenes"]
        for split, index in (("train", 5), ("val", 1), ("test", 0)):
            drawn = minicity.scene(index, split=split, scenes=kind)
            name = minicity.image_name(split, index)
            (sample,) = [s for s in list_samples(drawn_root, split) if s.name == name]
            np.testing.assert_array_equal(drawn.image, np.array(Image.open(sample.image)))
            np.testing.assert_array_equal(drawn.label_ids, read_label_ids(sample.label_ids))
            instance_ids = read_instance_ids(sample.instance_ids)
            np.testing.assert_array_equal(drawn.instance_ids, instance_ids)
            assert drawn.polygons == read_polygons(sample.polygons)[0]

    def test_splits_share_no_city(self, drawn_root):
        cities = [{s.name.split("_")[0] for s in list_samples(drawn_root, sp)} for sp in SPLITS]
        assert [len(c) for c in cities] == [6, 3, 1]
        assert len(set().union(*cities)) == 10

    def test_every_scene_has_things_and_stuff(self, drawn_root):
        for sample in all_samples(drawn_root):
            classes = np.unique(panoptic_label(read_instance_ids(sample.instance_ids)) // 1000)
            assert {0, 10} < set(classes.tolist())
            assert any(11 <= c <= 18 for c in classes)

    def test_specials_point_at_their_pixels(self, drawn_root):
        found = minicity.read_specials(drawn_root, "train")
        assert found
        samples = {sample.name: sample for sample in list_samples(drawn_root, "train")}
        for special in found:
            sample = samples[special.name]
            mask = minicity.special_mask(drawn_root, "train", special)
            assert mask.any()
            assert (read_instance_ids(sample.instance_ids)[mask] == special.instance_id).all()
            assert read_polygons(sample.polygons)[0][special.polygon].label == special.label
            assert special.label in special.alternatives
            y0, x0, y1, x1 = special.cue
            assert 0 <= y0 <= y1 < mask.shape[0]
            assert 0 <= x0 <= x1 < mask.shape[1]

    def test_do_not_depend_on_how_many_are_made(self, tmp_path):
        few = minicity.generate(tmp_path / "few", **FEW)
        many = minicity.generate(tmp_path / "many", **{**FEW, "train": 20, "val": 4, "workers": 2})
        hashes_few, hashes_many = files_of(few), files_of(many)
        per_image = [n for n in hashes_few if "19_" in n or "specials" in n]
        assert len(per_image) == 6 * (6 + 1 + 2)
        assert all(hashes_few[name] == hashes_many[name] for name in per_image)

    def test_another_seed_draws_other_scenes(self):
        first, second = (minicity.scene(0, scenes="avenue", seed=seed) for seed in (0, 1))
        assert (first.image != second.image).any()
        assert first.polygons != second.polygons


class TestRunningAgain:
    def test_when_complete_touches_nothing_and_says_so(self, tmp_path, capsys):
        minicity.generate(tmp_path, **FEW)
        before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
        minicity.generate(tmp_path, **{**FEW, "progress": True})
        assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
        assert capsys.readouterr().out == f"{tmp_path} is complete: 6 scenes.\n"

    def test_higher_counts_add_and_lower_counts_keep(self, tmp_path, capsys):
        minicity.generate(tmp_path, **FEW)
        before = {p: p.stat().st_mtime_ns for p in images_in(tmp_path)}
        minicity.generate(tmp_path, **{**FEW, "train": 5, "val": 1, "progress": True})
        assert "holds 6 of 8 scenes; drawing the other 2." in capsys.readouterr().out
        assert len(images_in(tmp_path)) == 8
        assert before.items() <= {p: p.stat().st_mtime_ns for p in images_in(tmp_path)}.items()
        assert read_json(config_path(tmp_path))["counts"] == {"train": 5, "val": 2, "test": 1}
        whole = minicity.generate(tmp_path / "at_once", **{**FEW, "train": 5})
        assert (
            files_of(whole).items()
            <= {
                name: digest
                for name, digest in files_of(tmp_path).items()
                if not name.startswith("at_once")
            }.items()
        )

    @pytest.mark.parametrize("ending", LABELS)
    def test_restores_a_missing_file(self, tmp_path, ending):
        minicity.generate(tmp_path, **FEW)
        before = files_of(tmp_path)
        lost = sorted(tmp_path.glob(f"gtFine/train/*/*{ending}"))[1]
        lost.unlink()
        assert not minicity.is_complete(tmp_path)
        minicity.generate(tmp_path, **FEW)
        assert files_of(tmp_path) == before
        assert minicity.is_complete(tmp_path)

    def test_a_new_folder_is_not_complete(self, tmp_path):
        assert not minicity.is_complete(tmp_path)
        assert not minicity.is_complete(tmp_path / "missing")


SCRIPT = """
import multiprocessing, sys, time
from axialkit.data import minicity

root, method, pause = sys.argv[1:]
draw = minicity._draw


def draw_slowly(*arguments):
    time.sleep(float(pause))
    return draw(*arguments)


minicity._draw = draw_slowly
if __name__ == "__main__":
    multiprocessing.set_start_method(method)
    minicity.generate(root, scenes="avenue", train=50, val=10, test=0, workers=2)
"""
MANY = {"scenes": "avenue", "train": 50, "val": 10, "test": 0, "progress": False}


@pytest.fixture
def start(tmp_path):
    """Start a generation of 60 scenes in a process of its own."""
    script = tmp_path / "make.py"
    script.write_text(SCRIPT)

    def run(root: Path, *, method: str = "fork", pause: float = 0.0) -> subprocess.Popen:
        command = [sys.executable, str(script), str(root), method, str(pause)]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)

    return run


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return minicity.generate(tmp_path_factory.mktemp("whole"), workers=2, **MANY)


def wait_for_images(root: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(images_in(root)) < count:
        assert time.monotonic() < deadline, "no images appeared"
        time.sleep(0.01)


def processes_of(session: int) -> list[str]:
    """Command lines of the living processes of a session (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def wait_for_end(session: int) -> None:
    deadline = time.monotonic() + 60
    while processes_of(session):
        assert time.monotonic() < deadline, "workers outlive their parent"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
class TestInterruption:
    def test_ctrl_c_keeps_whole_images_and_leaves_nothing_else(self, tmp_path, start):
        root = tmp_path / "city"
        process = start(root, pause=0.2)
        wait_for_images(root, 2)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does: to parent and workers
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert errors.rstrip().endswith("KeyboardInterrupt")
        assert not processes_of(process.pid)
        assert 2 <= len(images_in(root)) < 60
        assert not temporary_files(root)
        assert_finished_images_are_whole(root)

    def test_a_killed_run_is_completed_by_the_next(self, tmp_path, start, uninterrupted, capsys):
        root = tmp_path / "city"
        process = start(root, pause=0.2)
        wait_for_images(root, 2)
        process.kill()
        process.communicate(timeout=60)
        wait_for_end(process.pid)
        done = len(images_in(root))
        assert 2 <= done < 60
        assert_finished_images_are_whole(root)
        (root / "gtFine" / "train" / ".x_labelIds.1.tmp.png").write_bytes(b"half")

        minicity.generate(root, **{**MANY, "progress": True})
        told = f"holds {done} of 60 scenes; drawing the other {60 - done}."
        assert told in capsys.readouterr().out
        assert not temporary_files(root)
        assert files_of(root) == files_of(uninterrupted)

    def test_two_at_once_do_no_harm_and_workers_share_no_memory(
        self, tmp_path, start, uninterrupted
    ):
        root = tmp_path / "city"
        processes = [start(root, method="spawn"), start(root, method="spawn")]
        for process in processes:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
        assert files_of(root) == files_of(uninterrupted)


def test_needs_no_torch():
    code = "import sys, axialkit.data.minicity; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"seed": 1}, "seed is 0, asked for 1"),
            ({"size": (128, 256)}, "size is 64x128, asked for 128x256"),
            ({"ambiguity": 0.5}, "ambiguity is 1.0, asked for 0.5"),
            ({"scenes": "full", "ambiguity": 1.0}, "scenes is avenue, asked for full; size is"),
        ],
    )
    def test_other_settings_in_the_same_folder(self, tmp_path, changed, told):
        minicity.generate(tmp_path, **FEW)
        before = files_of(tmp_path)
        with pytest.raises(InputError, match=told) as caught:
            minicity.generate(tmp_path, **{**FEW, **changed})
        assert "another --out" in str(caught.value)
        assert files_of(tmp_path) == before

    def test_another_version_of_the_drawing(self, tmp_path):
        minicity.generate(tmp_path, **FEW)
        config = read_json(config_path(tmp_path))
        write_json(config_path(tmp_path), {**config, "version": 0})
        with pytest.raises(InputError, match=f"version is 0, asked for {VERSION}"):
            minicity.generate(tmp_path, **FEW)

    def test_a_folder_with_other_things(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("")
        with pytest.raises(InputError, match='is no MiniCity: it holds "thesis.tex"'):
            minicity.generate(tmp_path, **FEW)
        assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]

    def test_a_file(self, tmp_path):
        (tmp_path / "a").write_text("")
        with pytest.raises(InputError, match="is a file, not a folder"):
            minicity.generate(tmp_path / "a", **FEW)
        with pytest.raises(InputError, match="Cannot write"):
            minicity.generate(tmp_path / "a" / "b", **FEW)

    def test_a_damaged_config(self, tmp_path):
        minicity.generate(tmp_path, **FEW)
        write_json(config_path(tmp_path), {"seed": 0})
        for use in (minicity.is_complete, lambda root: minicity.generate(root, **FEW)):
            with pytest.raises(InputError, match=r"config\.json is damaged"):
                use(tmp_path)

    def test_a_full_disk_leaves_whole_images_only(self, tmp_path, monkeypatch):
        write, written = Path.write_bytes, []

        def refuse(self: Path, content: bytes) -> int:
            written.append(self)
            if len(written) > 13:
                write(self, content[:20])
                raise OSError(28, "No space left on device")
            return write(self, content)

        monkeypatch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(InputError, match="No space left on device. Free some space"):
            minicity.generate(tmp_path, **FEW)
        assert len(images_in(tmp_path)) == 2
        assert not temporary_files(tmp_path)
        assert_finished_images_are_whole(tmp_path)
        monkeypatch.undo()
        minicity.generate(tmp_path, **FEW)
        assert minicity.is_complete(tmp_path)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ({"scenes": "avenu"}, 'no kind of scenes "avenu". Did you mean "avenue"'),
            ({"size": (32, 64)}, "between 64x128 and 1024x2048 .* got 32x64"),
            ({"size": (1500, 3000)}, "between 64x128 and 1024x2048 .* got 1500x3000"),
            ({"size": (128, 200)}, "twice as wide as high .* got 128x200"),
            ({"ambiguity": 1.5}, "ambiguity must lie in 0..1, got 1.5"),
            ({"seed": -1}, "seed must lie in 0..4294967295, got -1"),
            ({"train": -3}, "train -3, val 2, test 1"),
            ({"train": 0, "val": 0, "test": 0}, "nothing to draw"),
        ],
    )
    def test_settings_out_of_range(self, tmp_path, arguments, told):
        with pytest.raises(InputError, match=told):
            minicity.generate(tmp_path / "city", **{**FEW, **arguments})
        assert not (tmp_path / "city").exists()

    def test_unknown_split_and_index(self):
        with pytest.raises(InputError, match='no split "vall". Did you mean "val"'):
            minicity.scene(0, split="vall")
        with pytest.raises(InputError, match="counts from 0, got -1"):
            minicity.scene(-1)

    def test_specials_of_something_else(self, tmp_path):
        with pytest.raises(InputError, match="holds no MiniCity"):
            minicity.read_specials(tmp_path, "val")
