import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from axialkit.cli import tour as tour_module
from axialkit.cli.tour import Arguments, Tour, planned_config
from axialkit.errors import InputError
from axialkit.structures import VOID


@pytest.fixture(scope="module")
def finished(tmp_path_factory, city) -> Path:
    from axialkit.cli import main

    out = tmp_path_factory.mktemp("tour") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tour_module, "PRESET", "tiny_avenue")  # four times faster, and fits the data
        assert main(["tour", "--data", str(city), "--out", str(out), "--steps", "20"]) == 0
    return out


def test_the_page_holds_everything_and_needs_no_other_file(finished):
    page = (finished / "index.html").read_text()
    assert len(page) > 100_000
    links = re.findall(r'(?:src|href)="([^"#]{1,30})', page)
    assert links
    assert all(link.startswith("data:image/") for link in links)
    # the SVG's namespaces are names, not addresses that a browser would fetch
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert not re.search(r"\$[a-z_]{2,}", page)  # no name of the template is left
    for words in ("PQ", "How it learned", "Where one pixel looks", "axialkit demo", "<svg"):
        assert words in page


def test_the_page_is_well_formed(finished):
    open_tags: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in {"meta", "img", "input", "br"}:
                open_tags.append(tag)
            if tag == "img":
                assert dict(attrs)["alt"]

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

        def handle_startendtag(self, tag, attrs):
            pass

    Checker().feed((finished / "index.html").read_text())
    assert open_tags == []


def test_the_score_on_the_page_is_the_official_one(finished):
    report = json.loads((finished / "run" / "evaluation.json").read_text())
    quality = f"{100 * report['official']['pq']:.1f}"
    assert f"<strong>{quality}</strong><b>PQ</b>" in (finished / "index.html").read_text()


def test_finished_stages_are_skipped(finished, city, axk):
    before = (finished / "run" / "weights.safetensors").stat().st_mtime_ns
    outcome = axk("tour", "--data", city, "--out", finished)
    assert outcome.code == 0
    assert outcome.out.count("(done before)") == 4
    assert str((finished / "index.html").absolute()) in outcome.out
    assert (finished / "run" / "weights.safetensors").stat().st_mtime_ns == before


def test_a_lost_page_is_drawn_again_without_training(finished, city, axk):
    page = (finished / "index.html").read_text()
    (finished / "index.html").unlink()
    assert axk("tour", "--data", city, "--out", finished).out.count("(done before)") == 3
    assert (finished / "index.html").read_text() == page


def test_the_length_of_a_tour_is_decided_once(tmp_path, city):
    tour = Tour(tmp_path, city)
    assert planned_config(tour, Arguments(steps=40)).train.steps == 40
    assert planned_config(tour, Arguments()).train.steps == 40
    with pytest.raises(InputError, match="begun with steps 40, not 60"):
        planned_config(tour, Arguments(steps=60))
    with pytest.raises(InputError, match="begun with minutes None, not 5.0"):
        planned_config(tour, Arguments(minutes=5.0))


def test_minutes_become_steps_by_timing_a_few(tmp_path, city, monkeypatch):
    seconds = []

    def fake_train(config, root, out, **options):
        out.mkdir()
        (out / "log.jsonl").write_text('{"step": 40, "seconds": 0.25}\n')
        seconds.append(config.train.steps)

    monkeypatch.setattr("axialkit.training.loop.train", fake_train)
    assert planned_config(Tour(tmp_path, city), Arguments(minutes=2.0)).train.steps == 480
    assert seconds == [40]  # timed with a few steps only


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--minutes", "5", "--steps", "50"], "not both"),
        (["--minutes", "0"], "--minutes must be positive, got 0.0."),
        (["--steps", "3"], "--steps must be at least 20, got 3."),
    ],
)
def test_impossible_lengths_are_refused(axk, tmp_path, flags, words):
    outcome = axk("tour", "--out", tmp_path / "tour", *flags)
    assert outcome.code == 2
    assert words in outcome.sentence
    assert not (tmp_path / "tour").exists()


def test_ctrl_c_says_how_to_go_on(axk, tmp_path, city, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(tour_module, "planned_config", interrupted)
    outcome = axk("tour", "--out", tmp_path / "tour", "--data", city)
    assert outcome.code == 130
    assert f"axialkit tour --out {tmp_path / 'tour'} --data {city}" in outcome.sentence


def test_the_asked_pixel_lies_in_the_largest_thing():
    from axialkit.cli.tour_attention import largest_thing

    labels = np.zeros((8, 12), np.int32)  # road
    labels[:, 6:] = VOID
    labels[2:5, 1:4] = 13001
    labels[6, 0] = 13002
    assert largest_thing(labels) == ("car 1", (3, 2))
    assert largest_thing(np.full((3, 3), VOID, np.int32) * 0)[0] == "road"


def test_the_far_pixel_is_the_end_opposite_to_the_cue():
    from axialkit.cli.tour_attention import far_pixel
    from axialkit.data.minicity import scene
    from axialkit.data.rasterize import owners

    for index in range(4):
        drawn = scene(index, scenes="avenue")
        special = drawn.specials[0]
        y, x = far_pixel(drawn, special)
        visible = owners(drawn.polygons, drawn.label_ids.shape) == special.polygon
        assert visible[y, x]
        cue = (special.cue[1] + special.cue[3]) / 2
        assert abs(x - cue) > 0.6 * np.ptp(np.argwhere(visible)[:, 1])
