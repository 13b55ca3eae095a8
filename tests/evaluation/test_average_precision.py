"""Average precision against the reference's numbers, and against pycocotools on real masks."""

import contextlib
import io
import json

import numpy as np
import pytest

from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.errors import InputError
from axialkit.evaluation import average_precision as module
from axialkit.evaluation.average_precision import Detections, average_precision
from axialkit.evaluation.panoptic_quality import classes_and_crowds, segment_overlap
from axialkit.segment_scores import segment_scores
from axialkit.structures import VOID
from tests.conftest import golden_cases

SETS = golden_cases("eval/*/arrays.npz")
FIELDS = ("ap", "ap50", "ap75", "small", "medium", "large")


def detections(arrays):
    names = ("pred_panoptic", "gt_instance_ids", "pred_class_prob", "instance_score_map")
    for panoptic, ids, probability, heat in zip(*(arrays[n] for n in names), strict=True):
        scores = segment_scores(panoptic, probability.astype(float), heat.astype(float))
        yield Detections(segment_overlap(panoptic, ids), {s.label: s.score for s in scores})


@pytest.mark.parametrize(("crowd", "variant"), [("void", "default"), ("official", "crowd_kept")])
@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_scores_equal_the_reference(path, crowd, variant, load_golden):
    expected = json.loads((path.parent / "expected/deeplab2.json").read_text())
    ours = average_precision(list(detections(load_golden(path))), crowd)
    for name, truth in zip(FIELDS, expected[variant]["ap_stats12"][:6], strict=True):
        value = getattr(ours, name)
        assert (truth == -1 and np.isnan(value)) or value == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_segment_scores_equal_the_reference(path, load_golden):
    expected = json.loads((path.parent / "expected/deeplab2.json").read_text())
    arrays = load_golden(path)
    for name, image in zip(arrays["ids"], detections(arrays), strict=True):
        stored = expected["default"]["instance_scores"].get(name, {})
        things = {k: v for k, v in image.scores.items() if k // 1000 in THING_TRAIN_IDS}
        assert things == pytest.approx({int(k): v for k, v in stored.items()}, abs=2e-6)


def coco_on_masks(arrays):
    """The usual way: every segment as a mask, through pycocotools' own overlaps."""
    from pycocotools import mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, found = [], []
    for number, image in enumerate(detections(arrays)):
        ids, panoptic = arrays["gt_instance_ids"][number], arrays["pred_panoptic"][number]
        values = np.unique(ids)
        for value, klass, crowd in zip(values, *classes_and_crowds(values), strict=True):
            if klass in THING_TRAIN_IDS and not crowd:
                rle = mask.encode(np.asfortranarray(ids == value).astype(np.uint8))
                truth.append({"category_id": int(klass), "segmentation": rle, "iscrowd": 0})
                truth[-1] |= {"image_id": number, "area": int(mask.area(rle)), "id": len(truth)}
        for label, score in image.scores.items():
            if label // 1000 in THING_TRAIN_IDS:
                rle = mask.encode(np.asfortranarray(panoptic == label).astype(np.uint8))
                found.append({"category_id": label // 1000, "segmentation": rle, "score": score})
                found[-1] |= {"image_id": number}
    coco = COCO()
    coco.dataset = {
        "images": [{"id": n, "height": 1, "width": 1} for n in range(len(arrays["ids"]))],
        "categories": [{"id": klass} for klass in THING_TRAIN_IDS],
        "annotations": truth,
        "info": {},
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        evaluator = COCOeval(coco, coco.loadRes(found), "segm")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator.stats[:6]


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_overlaps_give_what_masks_give(path, load_golden):
    arrays = load_golden(path)
    ours = average_precision(list(detections(arrays)))
    np.testing.assert_allclose(
        [getattr(ours, name) for name in FIELDS],
        [np.nan if value < 0 else value for value in coco_on_masks(arrays)],
        atol=1e-12,
    )
    per_class = np.array(ours.per_class)
    assert np.nanmean(per_class) == pytest.approx(ours.ap, abs=1e-12)
    assert np.isnan(per_class[: THING_TRAIN_IDS[0]]).all()


def test_no_detection_scores_zero_and_no_object_nothing():
    ids = np.full((8, 8), 7)
    nothing = Detections(segment_overlap(np.full((8, 8), VOID), ids), {})
    assert np.isnan(average_precision([nothing]).ap)
    ids[:4] = 26001
    missed = Detections(segment_overlap(np.full((8, 8), VOID), ids), {})
    result = average_precision([missed])
    assert result.ap == result.per_class[13] == 0
    assert np.isnan(result.per_class[11])


def test_missing_pycocotools_names_the_remedy(monkeypatch):
    monkeypatch.setattr(module, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"pip install -e .\.\[data\]"):
        average_precision([])
