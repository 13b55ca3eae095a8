import numpy as np
import torch

from axialkit.bench.postprocess import (
    THING_SHARE,
    bench_postprocess,
    drawn_prediction,
    textbook_panoptic,
)
from axialkit.config import PostprocessConfig
from axialkit.postprocess import panoptic_from_prediction

SIZE = (257, 513)


def test_the_drawn_answer_is_what_it_promises():
    result = panoptic_from_prediction(drawn_prediction(40, SIZE), PostprocessConfig())
    assert len(result.centers) == 40
    assert abs((result.instance > 0).mean() - THING_SHARE) < 0.03
    assert len(np.unique(result.panoptic)) == 41


def test_the_textbook_finds_the_same_segments():
    prediction = drawn_prediction(30, (129, 257))
    ours = panoptic_from_prediction(prediction, PostprocessConfig()).panoptic
    theirs = textbook_panoptic(prediction, PostprocessConfig()).numpy()
    pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
    assert (pairs[0] // 1000 == pairs[1] // 1000).all()
    assert len(pairs[0]) == len(np.unique(ours)) == len(np.unique(theirs))


def test_the_numbers_are_there():
    result = bench_postprocess(20, SIZE, repeats=1, textbook=True)
    assert 0 < result["cpu_seconds"] < 10
    assert 0 < result["wall_seconds"] < 60
    assert result["centers"] == 20
    assert result["textbook"]["peak_extra_mb"] > result["peak_extra_mb"]
    assert torch.get_num_threads() == 1
