import pytest

from axialkit.bench import scores


def test_all_programs_measured_agree(monkeypatch):
    monkeypatch.setattr(scores, "SIZE", (128, 256))
    result = scores.bench_evaluate(images=4, repeats=1)
    assert result["official"]["pq"] == pytest.approx(result["pq"], abs=1e-9)
    if result["hotcoco"] is not None:
        assert result["hotcoco"]["pq"] == pytest.approx(result["pq"], abs=1e-9)
    assert 0 < result["arrays_cpu_seconds"] < result["files_cpu_seconds"] * 5
    assert result["two_processes_speedup"] > 0
    assert 0.1 < result["pq"] < 1
