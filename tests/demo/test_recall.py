from axialkit.demo.recall import Recall


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def recall(**limits):
    clock = Clock()
    limits = {"most_bytes": 100, "most_entries": 3, "most_seconds": 60, **limits}
    return Recall(len, clock=clock, **limits), clock


def test_a_known_value_is_not_made_again():
    made = []
    values, _ = recall()
    for _ in range(3):
        assert values.get("a", lambda: made.append(1) or "xyz") == "xyz"
    assert made == [1]


def test_the_least_recently_used_is_forgotten():
    values, _ = recall()
    for key in "abc":
        values.get(key, lambda: "x")
    values.get("a", lambda: "new")
    values.get("d", lambda: "x")  # a fourth: b has not been asked for longest
    assert values.get("a", lambda: "new") == "x"
    assert values.get("b", lambda: "new") == "new"


def test_bytes_are_bounded_but_the_newest_stays():
    values, _ = recall()
    values.get("a", lambda: "x" * 60)
    values.get("b", lambda: "x" * 60)
    assert values.size == 60
    values.get("c", lambda: "x" * 1000)
    assert (len(values), values.size) == (1, 1000)


def test_what_is_old_is_forgotten_and_use_keeps_it_young():
    values, clock = recall()
    values.get("a", lambda: "old")
    clock.now = 50
    values.get("a", lambda: "new")
    clock.now = 100
    assert values.get("a", lambda: "new") == "old"
    clock.now = 161
    assert values.get("a", lambda: "new") == "new"
    values.clear()
    assert len(values) == 0
