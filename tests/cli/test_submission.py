import zipfile


def test_it_writes_three_archives(axk, trained, city, tmp_path):
    outcome = axk(
        "submission", trained, "--data", city, "--split", "val", "--out", tmp_path / "out"
    )
    assert outcome.code == 0, outcome.err
    assert "results on drawn streets, which no server scores" in outcome.out
    counts = {}
    for name in ("panoptic", "pixel", "instance"):
        assert str(tmp_path / f"out/{name}.zip") in outcome.out
        with zipfile.ZipFile(tmp_path / f"out/{name}.zip") as archive:
            counts[name] = len([n for n in archive.namelist() if n.endswith((".png", ".txt"))])
    assert counts["panoptic"] == counts["pixel"] == 4
    assert counts["instance"] >= 4


def test_no_images_are_told(axk, trained, tmp_path):
    outcome = axk("submission", trained, "--data", tmp_path)
    assert outcome.code == 2
    assert "is not a Cityscapes root" in outcome.sentence
