"""Folders of predictions: golden ones in the official form, and everything that can be wrong."""

import json
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from axialkit.data.cityscapes import list_samples
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.folder import FolderPredictions
from axialkit.evaluation.id_pictures import read_id_picture
from axialkit.evaluation.official_files import official_ids, write_prediction, write_prediction_json
from axialkit.evaluation.report_tables import text
from axialkit.structures import VOID
from tests.conftest import GOLDEN

QUIET = EvaluationOptions(progress=False)
SET = GOLDEN / "eval/random_a"


def stored(name):
    return json.loads((SET / f"expected/{name}.json").read_text())


def write_map(path, panoptic):
    colors = official_ids(panoptic)
    picture = np.stack([colors % 256, colors // 256 % 256, colors // 65536], -1).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


@pytest.fixture
def bare(golden_root, tmp_path):
    """PNG files without JSON, in folders of cities, named as axialkit predict names them."""
    root, arrays = golden_root
    for name, panoptic in zip(arrays["ids"], arrays["pred_panoptic"], strict=True):
        city = str(name).split("_")[0]
        write_map(tmp_path / f"found/{city}/{name}_leftImg8bit_panoptic.png", panoptic)
    return root, tmp_path / "found", arrays


def test_golden_files_get_all_golden_scores(golden_root):
    """Their own official files are scored as they are; ours of them agree to the last digits."""
    root, _ = golden_root
    predictions = FolderPredictions(SET / "results/panoptic", SET / "results/semantic")
    report = evaluate(predictions, root, options=QUIET)
    columns = report.columns()
    assert columns["official"]["pq"] == stored("official_panoptic")["All"]["pq"]
    miou = stored("official_pixel")["averageScoreClasses"]
    assert columns["official"]["miou"] == pytest.approx(miou, abs=1e-12)
    assert report.difference < 1e-9
    reference = stored("deeplab2")["default"]
    pq = reference["pq_summary_PQ_SQ_RQ_TP_FN_FP"]
    assert columns["reference"]["pq"] == pytest.approx(pq[0], abs=1e-6)
    assert columns["reference"]["miou"] == pytest.approx(reference["mIoU"], abs=1e-6)
    assert columns["official"]["ap"] is columns["reference"]["ap"] is None
    assert "No official AP" in text(report)
    assert "6 of 6 images have things without a score in their JSON" in text(report)


def test_scores_in_the_json_bring_both_average_precisions(golden_root, tmp_path):
    root, arrays = golden_root
    scores = stored("deeplab2")["default"]["instance_scores"]
    annotations = [
        write_prediction(
            tmp_path / "found",
            "val",
            str(name),
            panoptic,
            {int(k): v for k, v in scores.get(str(name), {}).items()},
        )
        for name, panoptic in zip(arrays["ids"], arrays["pred_panoptic"], strict=True)
    ]
    write_prediction_json(tmp_path / "found", "val", annotations)
    report = evaluate(FolderPredictions(tmp_path / "found"), root, options=QUIET)
    columns = report.columns()
    official = stored("official_instance")["averages"]["allAp"]
    assert columns["official"]["ap"] == pytest.approx(official, abs=1e-9)
    reference = stored("deeplab2")["default"]["ap_stats12"][0]
    assert columns["reference"]["ap"] == pytest.approx(reference, abs=1e-6)
    assert columns["own"]["miou"] is columns["official"]["miou"] is None
    assert "--semantic DIR" in text(report)


def test_of_several_splits_the_one_that_is_meant_is_taken(golden_root, tmp_path):
    root, _ = golden_root
    folder = tmp_path / "theirs"
    shutil.copytree(SET / "results/panoptic", folder)
    write_prediction_json(
        folder, "test", [write_prediction(folder, "test", "x", np.zeros((2, 2), int))]
    )
    report = evaluate(FolderPredictions(folder, split="val"), root, options=QUIET)
    assert report.columns()["official"]["pq"] == stored("official_panoptic")["All"]["pq"]


def test_things_numbered_zero_are_scored_and_shown(bare):
    """Ids such as 24000: the official coding of the truth counts from 0, too."""
    root, folder, _ = bare
    before = evaluate(FolderPredictions(folder), root, options=QUIET)
    for path in folder.rglob("*.png"):
        ids = read_id_picture(path)
        ids = np.where(ids >= 1000, ids - 1, ids)
        picture = np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1)
        Image.fromarray(picture.astype(np.uint8)).save(path)
    after = evaluate(FolderPredictions(folder), root, options=QUIET)
    np.testing.assert_allclose(after.quality.counts, before.quality.counts)
    assert after.difference < 1e-9
    assert len(after.worst) == len(before.worst)


def test_files_without_json_speak_for_themselves(bare, tmp_path):
    root, folder, _ = bare
    report = evaluate(FolderPredictions(folder), root, out=tmp_path / "out", options=QUIET)
    assert report.columns()["official"]["pq"] == stored("official_panoptic")["All"]["pq"]
    assert report.difference < 1e-9
    assert (tmp_path / "out/cityscapes_panoptic_val.json").is_file()


def test_any_ids_will_do_if_the_json_tells_them(bare, tmp_path):
    """As panopticapi draws them: random colors, alpha allowed, stuff in several pieces."""
    root, folder, arrays = bare
    rng = np.random.default_rng(0)
    annotations = []
    for path in sorted(folder.rglob("*.png")):
        ids = read_id_picture(path)
        values = [v for v in np.unique(ids).tolist() if v]
        drawn = dict(zip(values, rng.permutation(16_000_000)[: len(values)].tolist(), strict=True))
        table = np.zeros(ids.max() + 1, np.int64)
        table[list(drawn)] = list(drawn.values())
        codes = table[ids]
        rgba = np.stack([codes % 256, codes // 256 % 256, codes // 65536, codes * 0 + 255], -1)
        Image.fromarray(rgba.astype(np.uint8)).save(path)
        segments = [
            {"id": new, "category_id": old if old < 1000 else old // 1000}
            for old, new in drawn.items()
        ]
        annotations.append({"image_id": "", "file_name": path.name, "segments_info": segments})
    (folder / "all.json").write_text(json.dumps({"annotations": annotations}))
    report = evaluate(FolderPredictions(folder), root, options=QUIET)
    expected = stored("official_panoptic")["All"]["pq"]
    assert report.columns()["own"]["pq"] == pytest.approx(expected, abs=1e-12)
    assert report.difference < 1e-9


def problem(folder, root, semantic=None):
    with pytest.raises(InputError) as raised:
        evaluate(FolderPredictions(folder, semantic), root, options=QUIET)
    return str(raised.value)


def test_missing_and_doubled_predictions_are_listed_before_any_work(bare):
    root, folder, arrays = bare
    first, second = sorted(folder.rglob("*.png"))[:2]
    first.unlink()
    message = problem(folder, root)
    assert "no panoptic PNG for 1 of 6 images" in message
    assert list_samples(root, "val")[0].name in message
    shutil.copy(second, second.with_name(second.name.replace("panoptic", "panoptic_2")))
    assert "no panoptic PNG for 1 of 6 images" in problem(folder, root)
    shutil.copy(second, first)
    message = problem(folder, root)
    assert "has several files for one image: " in message
    assert second.name in message


def test_json_of_a_part_of_the_images_is_told(golden_root, tmp_path):
    root, _ = golden_root
    folder = tmp_path / "theirs"
    shutil.copytree(SET / "results/panoptic", folder)
    path = folder / "cityscapes_panoptic_val.json"
    content = json.loads(path.read_text())
    lost = content["annotations"].pop()["image_id"]
    path.write_text(json.dumps(content))
    assert f"describes no segments of 1 of 6 images: {lost}" in problem(folder, root)


def test_every_wrong_file_is_listed(bare):
    root, folder, _ = bare
    sized, semantic, cut, raw, deep = sorted(folder.rglob("*.png"))[:5]
    Image.open(sized).resize((10, 6)).save(sized)
    Image.fromarray(np.zeros((96, 192), np.uint8)).save(semantic)
    cut.write_bytes(cut.read_bytes()[:60])
    channels = np.zeros((96, 192, 3), np.uint8)
    channels[..., 0], channels[50:, :, 1] = 13, 2  # class and number, as deeplab2's raw files
    Image.fromarray(channels).save(raw)
    deep.write_bytes(deep_png(96, 192))
    message = problem(folder, root)
    assert "5 of 6 images cannot be scored" in message
    assert f"{deep} has image mode 16-bit RGB, but a panoptic PNG is RGB" in message
    assert f"{sized} is 6x10 (height x width), its ground truth 96x192" in message
    assert f"{semantic} has image mode L, but a panoptic PNG is RGB" in message
    assert f"Cannot read {cut}" in message
    assert f"{raw} holds the segment id" in message
    assert "looks like deeplab2's raw_panoptic" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s[0].update(category_id=0), "the category 0, which is none of the 19"),
        (lambda s: s.pop(), "are in the PNG, but not in the JSON"),
        (lambda s: s.append({"id": 77, "category_id": 7}), "ids 77 are in the JSON only"),
    ],
)
def test_json_that_does_not_fit_is_told(golden_root, tmp_path, change, words):
    root, _ = golden_root
    folder = tmp_path / "theirs"
    shutil.copytree(SET / "results/panoptic", folder)
    path = folder / "cityscapes_panoptic_val.json"
    content = json.loads(path.read_text())
    change(content["annotations"][0]["segments_info"])
    path.write_text(json.dumps(content))
    assert words in problem(folder, root)


def test_a_thing_without_number_is_told(bare):
    root, folder, _ = bare
    path = sorted(folder.rglob("*.png"))[0]
    Image.fromarray(np.full((96, 192, 3), (26, 0, 0), np.uint8)).save(path)
    assert "holds the segment id 26, and no JSON says what that is" in problem(folder, root)


def deep_png(height, width):
    """A PNG with 16 bits per channel, which Pillow reads but does not write."""
    rows = b"".join(b"\0" + bytes(6 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def test_semantic_maps_of_train_ids_are_told(bare, tmp_path):
    root, folder, arrays = bare
    (tmp_path / "maps").mkdir()
    for name, semantic in zip(arrays["ids"], arrays["pred_semantic"], strict=True):
        Image.fromarray(np.where(semantic == 3, 255, semantic)).save(tmp_path / f"maps/{name}.png")
    message = problem(folder, root, tmp_path / "maps")
    assert "holds the values 1, 2" in message
    assert "Are these train ids?" in message


def test_empty_folders_are_told(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        FolderPredictions(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"holds no panoptic \.png file\."):
        FolderPredictions(tmp_path)
    write_map(tmp_path / "a_overlay.png", np.full((4, 4), VOID))
    with pytest.raises(InputError, match=r"1 pictures \*_overlay\.png do not count"):
        FolderPredictions(tmp_path)


def test_names_with_longer_numbers_are_other_images(tmp_path):
    for name in ("a_000001_00001", "a_000001_000019"):
        write_map(tmp_path / f"{name}.png", np.full((4, 4), VOID))
    found = FolderPredictions(tmp_path)
    assert [path.name for path in found._of("a_000001_00001")] == ["a_000001_00001.png"]
