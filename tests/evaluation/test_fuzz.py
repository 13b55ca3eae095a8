"""Thousands of drawn pairs of maps: our counts, a loop's and the official script's own are one.

Void, crowds, segments of one pixel, empty maps and ties at an IoU of one half are all drawn often.
The official function is called directly, on files, with truth described by the official tables.
"""

import contextlib
import io

import numpy as np
import pytest
from cityscapesscripts.evaluation.evalPanopticSemanticLabeling import pq_compute_single_core
from cityscapesscripts.helpers.labels import id2label
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from axialkit.evaluation.official_files import id_colors, official_ids, panoptic_annotation
from axialkit.evaluation.panoptic_quality import quality_counts, segment_overlap
from axialkit.structures import VOID
from tests.evaluation.test_panoptic_quality import slow_counts

TRUTH = (0, 3, 7, 8, 23, 24, 26, 24000, 24001, 26000, 26001, 29000, 33000)  # as in instanceIds
PREDICTED = (VOID, 0, 1000, 10000, 11001, 11002, 13001, 13002, 18001, 15001)
AS_PREDICTED = {7: 0, 8: 1000, 23: 10000, 24000: 11001, 24001: 11002, 26000: 13001, 26001: 13002}


@st.composite
def pairs(draw):
    """A truth of few values and a prediction that is partly right, at a size of 1..7 pixels."""
    shape = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    pixels = shape[0] * shape[1]
    values = draw(st.lists(st.sampled_from(TRUTH), min_size=1, max_size=4))
    truth = draw(st.lists(st.sampled_from(values), min_size=pixels, max_size=pixels))
    guesses = draw(st.lists(st.sampled_from(PREDICTED), min_size=1, max_size=4))
    wrong = draw(st.lists(st.sampled_from(guesses), min_size=pixels, max_size=pixels))
    hit = draw(st.lists(st.booleans(), min_size=pixels, max_size=pixels))
    predicted = [
        AS_PREDICTED.get(t, w) if right else w
        for t, w, right in zip(truth, wrong, hit, strict=True)
    ]
    return np.array(predicted).reshape(shape), np.array(truth).reshape(shape)


@pytest.fixture(scope="module")
def official_counts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    categories = {k: {"id": k} for k, label in id2label.items() if not label.ignoreInEval}
    order = sorted((label.trainId, k) for k, label in id2label.items() if k in categories)

    def count(panoptic, ids):
        shown = ids.copy()
        segments = []
        for value in np.unique(ids).tolist():
            label = id2label[value // 1000 if value >= 1000 else value]
            if label.ignoreInEval:
                shown[ids == value] = 0
                continue
            segments.append(
                {"id": value, "category_id": label.id, "area": int((ids == value).sum())}
            )
            segments[-1]["iscrowd"] = int(label.hasInstances and value < 1000)
        Image.fromarray(id_colors(shown)).save(folder / "truth.png")
        Image.fromarray(id_colors(official_ids(panoptic))).save(folder / "found.png")
        truth = {"image_id": "one", "file_name": "truth.png", "segments_info": segments}
        found = panoptic_annotation("one", "found.png", panoptic)
        with contextlib.redirect_stdout(io.StringIO()):
            stat = pq_compute_single_core(0, [(truth, found)], folder, folder, categories)
        rows = (stat.pq_per_cat[label_id] for _, label_id in order)
        return np.array([[row.iou, row.tp, row.fp, row.fn] for row in rows])

    return count


def check(pair, official_counts):
    panoptic, ids = pair
    ours = quality_counts(segment_overlap(panoptic, ids), "official")
    np.testing.assert_allclose(ours, slow_counts(panoptic, ids), atol=1e-12, rtol=0)
    np.testing.assert_allclose(ours, official_counts(panoptic, ids), atol=1e-12, rtol=0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pair=pairs())
def test_counts_are_the_loops_and_the_official_scripts(pair, official_counts):
    check(pair, official_counts)


@pytest.mark.soak
@settings(max_examples=6000, deadline=None)
@given(pair=pairs())
def test_counts_of_thousands_of_pairs(pair, official_counts):
    check(pair, official_counts)
