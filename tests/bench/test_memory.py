from pathlib import Path

import pytest
import torch

from axialkit.bench.attention import Shape
from axialkit.bench.memory import measure_peak, peak_in_fresh_process

CPU = torch.device("cpu")
# The highest of several: a kernel that takes idle pages back meanwhile makes a run look smaller.
SHORT_PEAK = """
import torch
from axialkit.bench.memory import measure_peak

def short_peak():
    big = torch.ones(25_000_000)  # 100 MB, for a moment
    del big
    return torch.ones(1000)

def measure(freed_before):
    torch.ones(freed_before)
    peaks = [measure_peak(short_peak, torch.device("cpu")) for _ in range(5)]
    return max(peaks, key=lambda peak: peak.extra_mb)
"""


@pytest.fixture
def short_peak(monkeypatch, tmp_path):
    (tmp_path / "short_peak.py").write_text(SHORT_PEAK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return lambda **arguments: peak_in_fresh_process("short_peak", arguments)


def test_a_short_peak_is_seen(short_peak):
    peak = short_peak(freed_before=1)
    assert 95 < peak.extra_mb < 130
    assert peak.whole_mb > peak.extra_mb + 50


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's clear_refs")
def test_memory_freed_before_is_not_counted(short_peak):
    assert 95 < short_peak(freed_before=75_000_000).extra_mb < 130


def test_nothing_takes_no_memory():
    assert measure_peak(lambda: None, CPU).extra_mb < 20


def test_a_fresh_process_measures_and_tells_its_failure():
    shape = Shape(2, 9, 8, 8, 8, 2)
    arguments = {"shape": shape, "mode": "infer", "backend": "fused", "core": False}
    peak = peak_in_fresh_process("axialkit.bench.attention", arguments)
    assert 0 <= peak.extra_mb < peak.whole_mb < 2000
    wrong = arguments | {"shape": Shape(2, 9, 8, 7, 8, 2)}
    with pytest.raises(RuntimeError, match=r"There is no layer of this shape.*heads"):
        peak_in_fresh_process("axialkit.bench.attention", wrong)
