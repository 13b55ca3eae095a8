import json
import shutil

import numpy as np
import pytest
from PIL import Image

from axialkit.cli.data_check import SHOWN
from axialkit.data.cityscapes import list_samples
from axialkit.data.panoptic_files import panoptic_json, write_png


@pytest.fixture
def check(axk):
    """Run ``axialkit data check ARGUMENTS``."""
    return lambda *arguments: axk("data", "check", *arguments)


@pytest.fixture
def root(city, tmp_path):
    return shutil.copytree(city, tmp_path / "own")


def test_a_clean_data_set(check, city):
    outcome = check(city)
    assert outcome.code == 0, outcome.out
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["train", "6", "8", "8", "64x128:", "8"] in lines
    assert ["val", "3", "4", "4", "64x128:", "4"] in lines
    assert "Labels of train" in outcome.out and "instances are small" in outcome.out
    assert "No problems found (all files decoded)." in outcome.out


def test_quick_reads_headers_of_one_split(check, city):
    outcome = check(city, "--quick", "--split", "val")
    assert outcome.code == 0
    assert "Labels of" not in outcome.out and "train" not in outcome.out
    assert "No problems found (headers read)." in outcome.out


def test_each_problem_is_one_line_with_its_remedy(check, root):
    samples = list_samples(root, "train")
    samples[0].image.write_bytes(samples[0].image.read_bytes()[:900])
    ids = np.array(Image.open(samples[1].instance_ids))
    ids[3, 4] = 77
    write_png(samples[1].instance_ids, ids)
    samples[2].image.unlink()
    Image.open(samples[3].image).resize((32, 16)).save(samples[3].image)
    content = json.loads(panoptic_json(root, "val").read_text())
    content["annotations"][0]["segments_info"][0]["area"] += 1
    panoptic_json(root, "val").write_text(json.dumps(content))
    problems = root / "problems.json"

    outcome = check(root, "--json", problems)
    assert outcome.code == 1
    for path, words in [
        (samples[0].image, ": cannot read the image: "),
        (samples[1].instance_ids, ": holds the id 77 at (y=3, x=4), "),
        (samples[2].instance_ids, ": its image "),
        (samples[3].instance_ids, ": is 64x128 (height x width), but "),
    ]:
        (line,) = [line for line in outcome.out.splitlines() if f"{path}: " in line]
        assert words in line and "; " in line
    assert "Prepared panoptic files that do not fit: 1\n" in outcome.out
    listed = json.loads(problems.read_text())["problems"]
    assert len(listed) >= 5
    assert str(samples[0].image) in [problem["path"] for problem in listed]


def test_only_the_first_problems_of_a_kind_are_printed(check, root):
    image = list_samples(root, "val")[0].image
    count = SHOWN + 3
    for number in range(count):
        city, _, frame = image.name.split("_", 2)
        shutil.copyfile(image, image.with_name(f"{city}_{900000 + number}_{frame}"))
    outcome = check(root, "--quick", "--json", root / "all.json")
    assert outcome.code == 1
    assert f"Images without labels: {count}\n" in outcome.out
    assert outcome.out.count("are missing; unpack") == SHOWN
    assert "  ... and 3 more\n" in outcome.out
    assert len(json.loads((root / "all.json").read_text())["problems"]) == count


def test_a_sheet_of_what_can_be_read(check, root):
    image = list_samples(root, "train")[0].image
    image.write_bytes(image.read_bytes()[:500])
    outcome = check(root, "--sheet", root / "out" / "sheet.png")
    assert outcome.code == 1
    assert f"Written: {root / 'out' / 'sheet.png'}" in outcome.out
    width, height = Image.open(root / "out" / "sheet.png").size
    assert width > 1500 and height > 700
    assert [path.name for path in (root / "out").iterdir()] == ["sheet.png"]


def test_what_is_no_data_set_is_one_sentence(check, tmp_path):
    assert "There is no folder" in check(tmp_path / "nowhere").sentence
    outcome = check(tmp_path)
    assert outcome.code == 2 and "is not a Cityscapes root" in outcome.sentence


def test_an_unknown_split(check, city):
    outcome = check(city, "--split", "vall")
    assert outcome.code == 2 and 'Did you mean "val"?' in outcome.sentence


def test_nothing_is_changed(check, city):
    before = {path: path.stat().st_mtime_ns for path in city.rglob("*")}
    check(city)
    assert {path: path.stat().st_mtime_ns for path in city.rglob("*")} == before
