"""The official scripts on the lesson's predictions say what the lesson's functions say."""

import pytest

from axialkit.course import official_run
from axialkit.course.measuring import CLASSES, class_map, confusion, miou, pq, pq_counts
from axialkit.course.official_run import ask_the_officials, named_scores
from axialkit.course.telling_apart import look, shipped_network
from axialkit.evaluation.official import OfficialScores


def test_the_officials_agree() -> None:
    pytest.importorskip("cityscapesscripts")
    seen = look(shipped_network(), first=0, count=3)
    official = ask_the_officials(seen)
    assert not official.reasons
    theirs = named_scores(official)
    quality = pq(sum(pq_counts(one.truth, one.prediction) for one in seen))
    assert [theirs[name] for name in ("PQ", "SQ", "RQ")] == pytest.approx(quality, abs=1e-12)
    tables = [confusion(class_map(one.truth), class_map(one.prediction), CLASSES) for one in seen]
    assert theirs["mIoU"] == pytest.approx(miou(sum(tables)), abs=1e-12)
    assert 0 < theirs["AP (official)"] < 1


def test_without_the_scripts_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official_run, "why_not_installed", lambda: "it is not installed")
    official = ask_the_officials([])
    assert official.reasons["pixel"] == "it is not installed"
    assert named_scores(official) == named_scores(OfficialScores()) == {}
