import json

from PIL import Image

SHAPE = (3, 9, 12, 8, 16, 2)
ROW = {
    "backend", "mode", "rows", "length", "in_channels", "key_depth", "value_depth", "heads",
    "milliseconds", "gflops", "peak_extra_mb",
}  # fmt: skip


def test_a_layer_by_every_backend(axk, tmp_path):
    outcome = axk(
        "bench", "attention", "--shape", *SHAPE, "--repeats", 2,
        "--json", tmp_path / "new" / "a.json", "--plot", tmp_path / "new" / "a.png",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "torch 2" in outcome.out and "threads" in outcome.out and "device cpu" in outcome.out
    assert "times as fast as reference" in outcome.out
    found = json.loads((tmp_path / "new" / "a.json").read_text())
    assert found["matmul_gflops"] > 1
    assert [row["backend"] for row in found["rows"]] == ["reference", "fused", "sdpa"]
    for row in found["rows"]:
        assert row.keys() - ROW == {"core_milliseconds", "projection_milliseconds"}
        assert tuple(row[name] for name in list(row)[2:8]) == SHAPE
        assert row["milliseconds"] > 0 and row["gflops"] > 0 and row["peak_extra_mb"] >= 0
    assert Image.open(tmp_path / "new" / "a.png").size == (1200, 552)


def test_training(axk, tmp_path):
    outcome = axk(
        "bench", "attention", "--shape", *SHAPE, "--mode", "train", "--backends", "fused",
        "--repeats", 1, "--json", tmp_path / "a.json",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    (row,) = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert row.keys() == ROW and row["mode"] == "train"


def test_lengths(axk, tmp_path, monkeypatch):
    monkeypatch.setattr("axialkit.bench.attention.SCALING_LENGTHS", (3, 5))
    outcome = axk(
        "bench", "attention", "--shape", *SHAPE, "--scaling", "--backends", "fused", "reference",
        "--repeats", 1, "--json", tmp_path / "a.json", "--plot", tmp_path / "a.png",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    rows = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert [(row["rows"], row["length"]) for row in rows] == [(16, 3)] * 2 + [(16, 5)] * 2
    assert (tmp_path / "a.png").exists()


def test_a_network(axk, tmp_path):
    outcome = axk(
        "bench", "model", "tiny", "--size", 33, 65, "--repeats", 1, "--json", tmp_path / "m.json"
    )
    assert outcome.code == 0, outcome.err
    found = json.loads((tmp_path / "m.json").read_text())
    assert found.keys() == {
        "name", "size", "seconds", "gflops", "matmul_gflops", "peak_mb", "machine"
    }  # fmt: skip
    assert (found["name"], found["size"]) == ("tiny", "33x65")
    assert found["seconds"] > 0 and 50 < found["peak_mb"] < 4000


def test_wrong_requests_are_refused_before_anything_is_measured(axk, tmp_path):
    for words, sentence in (
        (("attention", "--backends", "flash"), 'no attention backend "flash"'),
        (("attention", "--shape", 3, 9, 12, 7, 16, 2), "must divide by heads"),
        (("attention", "--repeats", 0), "--repeats must be at least 1"),
        (("attention", "--json", tmp_path), "is a folder"),
        (("model", "tinny"), 'no preset "tinny"'),
        (("model", "tiny", "--size", 0, 5), "at least 1x1"),
    ):
        outcome = axk("bench", *words)
        assert outcome.code == 2
        assert sentence in outcome.sentence


def test_the_input_pipeline(axk, city, tmp_path):
    outcome = axk(
        "bench", "data", "--root", city, "--preset", "tiny_avenue", "--samples", 6,
        "--workers", 0, 1, "--json", tmp_path / "data.json",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    for words in ("decode image", "one sample", "Decoding and resampling: ", "per worker"):
        assert words in outcome.out
    found = json.loads((tmp_path / "data.json").read_text())
    assert found["images_per_second"].keys() == {"0", "1"}
    assert found["machine"]["device"].startswith("cpu")


def test_samples_must_be_some(axk):
    outcome = axk("bench", "data", "--samples", 0)
    assert outcome.code == 2
    assert outcome.sentence.startswith("--samples must be at least 1")
