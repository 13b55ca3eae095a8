"""What an evaluation writes down: JSON, CSV, text and a page that needs nothing else."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from axialkit.config import get_preset
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.evaluation.report_page import page
from axialkit.evaluation.report_tables import csv_text, text
from axialkit.weights import load_config, load_model
from tests.evaluation.conftest import Constant

MEASURES = ("pq", "sq", "rq", "iou", "ap")


@pytest.fixture(scope="module")
def report(streets):
    """The shipped network, which makes every kind of mistake."""
    predictions = NetworkPredictions(load_model("tiny"), load_config("tiny"))
    options = EvaluationOptions(progress=False, oracle_images=2)
    return evaluate(predictions, streets, options=options)


@pytest.fixture(scope="module")
def values(report):
    return json.loads(json.dumps(report.to_dict(), allow_nan=False))


def test_the_json_has_both_columns_and_our_own(report, values):
    official = report.official
    assert values["official"]["pq"] == official.panoptic.all.pq
    assert values["official"]["things"]["sq"] == official.panoptic.things.sq
    assert values["official"]["miou"] == official.iou.mean
    assert values["official"]["ap"] == official.ap.mean
    for measure in ("pq", "sq", "rq", "miou"):
        assert values["own"][measure] == pytest.approx(values["official"][measure], abs=1e-9)
        assert 0 < values["reference"][measure] < 1
    assert values["reference"]["pq"] == report.quality_void.scores().all.pq
    assert values["reference"]["ap"] == report.ap.ap
    assert values["images"] == 8


def test_the_json_tells_every_class(report, values):
    road = values["per_class"]["road"]
    assert road["tp"] == 8
    assert road["iou"] == pytest.approx(road["official"]["iou"], abs=1e-9)
    assert road["pq"] == pytest.approx(road["official"]["pq"], abs=1e-9)
    car = values["per_class"]["car"]
    assert car["official"]["ap"] == report.official.ap.per_class[13]
    assert car["reference"]["ap"] == report.ap.per_class[13]
    assert road["official"]["ap"] is road["reference"]["ap"] is None
    assert sum(car["budget"].values()) == pytest.approx(1)
    assert len(values["per_class"]) == 19
    confusion = np.array(values["confusion"])
    hit = confusion.diagonal()
    union = confusion.sum(1) + confusion[:, :19].sum(0) - hit
    assert values["own"]["miou"] == pytest.approx((hit / np.maximum(union, 1))[union > 0].mean())


def test_bands_hold_the_score_and_the_ladder_is_there(values):
    for name, score in (("all", values["own"]["pq"]), ("miou", values["own"]["miou"])):
        low, high = values["bands"][name]
        assert low < score < high
    assert values["oracle_images"] == 2
    assert values["oracle"]["the network"] < values["oracle"]["all heads true"]


def test_the_csv_holds_the_same_numbers(report, values):
    rows = {row["class"]: row for row in csv.DictReader(io.StringIO(csv_text(report)))}
    assert len(rows) == 19 + 3
    assert float(rows["car"]["own_pq"]) == values["per_class"]["car"]["pq"]
    assert float(rows["car"]["official_ap"]) == values["per_class"]["car"]["official"]["ap"]
    assert rows["road"]["reference_ap"] == ""
    assert float(rows["all"]["official_iou"]) == values["official"]["miou"]
    assert float(rows["things"]["official_ap"]) == values["official"]["ap"]
    assert float(rows["things"]["reference_pq"]) == values["reference"]["things"]["pq"]
    assert int(rows["car"]["fn"]) == values["per_class"]["car"]["fn"]


def test_many_images_get_a_band_and_one_is_one(report):
    many = replace(report, images=report.images * 2)
    low, high = (100 * edge for edge in many.bands["all"])
    assert f"PQ on other images of this kind: {low:.1f} to {high:.1f}" in text(many)
    assert f"95 % band: {low:.1f} to {high:.1f}" in page(many, "twice")
    assert text(replace(report, images=report.images[:1])).startswith("val, 1 image, predicted")


def test_the_text_fits_and_says_all(report):
    printed = text(report)
    table = printed.split("\n\n")[1]
    assert all(len(line) <= 80 for line in table.splitlines())
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["own", "official", "reference"]
    assert "The official scripts and axialkit agree in every class." in printed
    assert "Official AP leaves out objects below 100 pixels and averages" in printed
    both = printed.split("\n\n")[3].splitlines()
    assert both[0].split() == ["official", "reference"]
    assert max(map(len, both)) <= 80
    rows = {line.rsplit(maxsplit=10)[0]: line.rsplit(maxsplit=10)[1:] for line in both[2:]}
    car = report.per_class()["car"]
    expected = [car[key][m] for key in ("official", "reference") for m in MEASURES]
    assert rows["car"] == [f"{100 * value:.1f}" for value in expected]
    official, reference = report.official, report.quality_void.scores()
    assert rows["stuff"][:3] == [f"{100 * v:.1f}" for v in official.panoptic.stuff[:3]]
    assert rows["things"][4] == f"{100 * official.ap.mean:.1f}"
    assert rows["all"][5:8] == [f"{100 * v:.1f}" for v in reference.all[:3]]
    assert "95 % band" not in printed  # of eight images


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.open, self.links, self.images, self.texts = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [v for k, v in attributes.items() if k in ("src", "href", "xlink:href")]
        if tag == "img":
            self.images.append(attributes["alt"])
        if tag not in ("img", "meta", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.links += [v for k, v in attributes if k in ("src", "href", "xlink:href")]

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_whole_and_needs_no_other_file(report, values):
    html = page(report, "tiny <shipped>")
    found = Page(html)
    assert found.open == []
    assert all(link.startswith(("data:", "#")) for link in found.links)
    assert "<script" not in html
    assert "url(http" not in html
    words = " ".join(" ".join(found.texts).split())
    assert "tiny <shipped>" in words
    assert f"{100 * values['official']['pq']:.1f}" in words
    assert f"{100 * values['reference']['ap']:.1f}" in words
    assert len(found.images) == 6 * 4
    assert all(found.images)
    assert len(re.findall(r'<svg role="img" aria-label="[^"]+"', html)) == 4
    for part in ("mis-classified", "spurious", "all heads true", "confused", "worst images"):
        assert part in words


def test_the_worst_images_come_first_with_what_went_wrong(report):
    worst = report.worst
    assert [w.pq for w in worst] == sorted(w.pq for w in worst)
    assert not (worst[0].matched & worst[0].wrong).any()
    assert any(w.wrong.any() for w in worst)
    assert any(w.missed.any() for w in worst)


def test_a_page_of_nothing_but_road_is_drawn(avenue):
    config = get_preset("tiny_avenue")
    options = EvaluationOptions(limit=1, official=False, progress=False)
    report = evaluate(NetworkPredictions(Constant(), config), avenue, options=options)
    html = page(report, "constant")
    assert Page(html).open == []
    assert "Not computed" in html
    assert "Far cues" in html
    assert "not asked for" in html
