import numpy as np
import pytest

from axialkit.demo.scoring import FORGIVEN, MATCH, MISSED, SPURIOUS, score
from axialkit.evaluation.oracle import STEPS
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.evaluation.semantic import MeanIoU


@pytest.fixture(scope="module")
def scores(tiny, drawn):
    return score(tiny, tiny.see(drawn.image), drawn.instance_ids)


def test_numbers_are_those_of_the_evaluation(scores, tiny, drawn):
    result = tiny.answer(tiny.see(drawn.image))
    quality, miou = PanopticQuality(), MeanIoU()
    quality.update(result.panoptic, drawn.instance_ids)
    miou.update(result.semantic, drawn.instance_ids)
    expected = quality.scores().all
    assert (scores.pq, scores.sq, scores.rq) == tuple(100 * value for value in expected[:3])
    assert scores.miou == 100 * miou.mean("official")


def test_the_account_adds_up_to_the_quality(scores, tiny, drawn):
    result = tiny.answer(tiny.see(drawn.image))
    quality = PanopticQuality()
    quality.update(result.panoptic, drawn.instance_ids)
    iou, tp, fp, fn = quality.counts.sum(axis=0)
    verdicts = [row["verdict"] for row in scores.segments]
    assert verdicts.count(MATCH) == tp
    assert verdicts.count(MISSED) == fn
    assert verdicts.count(SPURIOUS) == fp
    assert set(verdicts) <= {MATCH, MISSED, SPURIOUS, FORGIVEN}
    assert sum(row["iou"] for row in scores.segments) == pytest.approx(iou)
    assert f"{tp:.0f} segments match" in scores.words


def test_the_ladder_starts_at_the_network_and_ends_at_the_top(scores):
    assert [row[0] for row in scores.ladder] == list(STEPS)
    assert scores.ladder[0][1] == pytest.approx(scores.pq)
    assert scores.ladder[-1][1] == max(row[1] for row in scores.ladder) > scores.pq


def test_the_picture_shows_both_sides(scores):
    left, right = np.split(scores.picture[:, 5:-5], 2, axis=1)
    assert left.std() > 20
    assert (left != right).mean() > 0.05
