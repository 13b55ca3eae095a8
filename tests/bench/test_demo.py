import math

import pytest

from axialkit.bench.demo import KINDS, Reply, _summary, bench_demo, running_demo

pytest.importorskip("gradio")


def check(found):
    assert found["errors"] == []
    assert found["all"]["answered"] + found["busy"] == found["requests"]
    assert all(found["kinds"][kind]["answered"] for kind in KINDS)
    assert found["first_answer_seconds"] < 30
    for one in (found["all"], *found["kinds"].values()):
        assert 0 < one["median"] <= one["p95"]


def test_a_small_load_is_answered_without_an_error():
    found = bench_demo(clients=4, requests_each=6, rounds=2)
    check(found)
    assert found["requests"] == 48
    before, _, last = found["memory_mb"]
    if not math.isnan(before):
        assert last - before < 400  # libraries that are loaded at the first use


@pytest.mark.soak
def test_the_full_load_is_answered_and_memory_stays_bounded():
    found = bench_demo(clients=20, requests_each=10, rounds=5)
    print(found)
    check(found)
    assert found["requests"] == 1000
    _, _, second, *_, last = found["memory_mb"]
    assert last - second < 100


def test_summaries_are_medians_and_nearest_ranks():
    replies = [Reply("x", float(n)) for n in range(1, 101)] + [Reply("x", 999.0, "busy")]
    assert _summary(replies) == {"answered": 100, "median": 50.5, "p95": 95.0}
    assert _summary([])["answered"] == 0


def test_a_page_that_does_not_start_is_told_with_its_last_words():
    with pytest.raises(RuntimeError, match="nothing-there"), running_demo("nothing-there"):
        pass
