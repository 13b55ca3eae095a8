"""Stored bands: every ablation has one, over at least three seeds, with its origin."""

from pathlib import Path

import pytest

from axialkit.course import bands, measure_bands
from axialkit.course.bands import STORE, Band, band
from axialkit.course.lesson import Ablation
from axialkit.errors import InputError
from axialkit.files import read_json


def test_every_ablation_is_stored_over_three_seeds() -> None:
    stored, known = read_json(STORE), measure_bands.all_ablations()
    assert stored.keys() == known.keys()
    for name, ablation in known.items():
        entry = stored[name]
        assert entry["seeds"] == list(ablation.seeds) and len(entry["seeds"]) >= 3
        assert all(len(values) == len(entry["seeds"]) for values in entry["values"].values())
        assert entry["date"] and entry["machine"] and entry["command"] and entry["torch"]


def test_a_band_says_its_range_and_its_origin() -> None:
    key_task = band("key task")
    assert key_task.says("HW") == "100 %"
    assert min(key_task.values["HW"]) > 0.95
    assert max(max(key_task.values[stack]) for stack in ("conv", "WW", "HH")) < 0.4
    assert key_task.source.startswith("stored, measured with seeds 0, 1, 2 on ")
    assert "make bands" in key_task.source
    assert Band({"a": [0.21, 0.32, 0.25]}, [0, 1, 2], "").says("a") == "21 % to 32 %"


def test_an_unknown_band_is_refused() -> None:
    with pytest.raises(InputError, match='no band "kee task". Did you mean "key task"'):
        band("kee task")


def test_measuring_stores_one_band_and_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "STORE", tmp_path / "bands.json")
    monkeypatch.setattr(measure_bands, "STORE", tmp_path / "bands.json")
    tried = {
        name: Ablation(name, lambda seed, base=base: {"x": base + seed}, seeds=(3, 5, 8))
        for base, name in enumerate(("one", "two"))
    }
    monkeypatch.setattr(measure_bands, "all_ablations", lambda: tried)
    measure_bands.main(["two"])
    measure_bands.main(["one"])
    assert band("one").values == {"x": [3, 5, 8]}
    assert band("two").values == {"x": [4, 6, 9]}
    with pytest.raises(SystemExit, match='no ablation "three". Known: one, two'):
        measure_bands.main(["three"])
