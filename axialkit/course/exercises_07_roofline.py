"""Lesson 07, exercises 7.1 and 7.2, counting and timing: what must hold, mistakes, hints."""

import statistics
from collections.abc import Callable
from typing import Any

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.roofline import arithmetic_intensity, bench

# ---- 7.1 arithmetic_intensity

Case = tuple[str, int, int, int, int]


def _says(intensity: Function, case: Case, expected: float, why: str) -> None:
    got = float(intensity(*case))
    assert abs(got - expected) <= 1e-9 * abs(expected), (
        f"arithmetic_intensity{case}: expected {expected:.6g}, you say {got:.6g}. {why}"
    )


def _sum_of_two(intensity: Function) -> None:
    _says(
        intensity, ("add", 3, 5, 8, 4), 1 / 12,
        "For each sum two numbers are read and one is written: 12 bytes for one operation.",
    )  # fmt: skip
    _says(intensity, ("add", 7, 2, 3, 2), 1 / 6, "With 2 bytes per number it is 6 bytes.")


def _one_pair(intensity: Function) -> None:
    """One query and one key of depth 1: by hand."""
    _says(
        intensity, ("scores", 1, 1, 1, 1), 2 / 3,
        "One query and one key of one number each: a multiplication and an addition; two numbers "
        "read, one score written.",
    )  # fmt: skip
    _says(
        intensity, ("stored", 1, 1, 1, 1), 4 / 8,
        "One number each: 2 operations for the score, 2 for the answer. Moved: q, k, the score; "
        "the score, the weight; the weight, v, the answer.",
    )  # fmt: skip
    _says(
        intensity, ("fused", 1, 1, 1, 1), 4 / 4,
        "One number each: 4 operations; q, k and v are read, the answer is written.",
    )  # fmt: skip


def _lines_do_not_matter(intensity: Function) -> None:
    for op in ("add", "scores", "stored", "fused"):
        one, many = (float(intensity(op, n, 9, 4, 4)) for n in (1, 1000))
        assert abs(one - many) < 1e-9 * max(abs(one), 1e-9), (
            f'"{op}": 1000 lines are 1000 times the operations and 1000 times the bytes of one '
            f"line; yours gives {one:.4g} for one and {many:.4g} for 1000"
        )


def _bytes_count(intensity: Function) -> None:
    for op in ("scores", "stored", "fused"):
        four, two = (float(intensity(op, 3, 9, 5, size)) for size in (4, 2))
        assert abs(two - 2 * four) < 1e-9 * max(abs(two), 1e-9), (
            f'"{op}": numbers of 2 bytes instead of 4 halve the bytes, so the intensity doubles; '
            f"yours goes from {four:.4g} to {two:.4g}"
        )


def _grows_with_the_line(intensity: Function) -> None:
    for length in (65, 129):
        _says(
            intensity, ("fused", 2, length, 32, 4), length / 4,
            "Fused: 4 · L · L · d operations for 4 · L · d numbers of 4 bytes: L / 4.",
        )  # fmt: skip


def _counted(case: Case, *, per_pair: int = 2, maps: int = 4, outputs: int = 1) -> float:
    """Count with one thing wrong."""
    op, n, length, depth, size = case
    vectors, pairs = n * length * depth, n * length * length
    flops, numbers = {
        "add": (vectors, (2 + outputs) * vectors),
        "scores": (per_pair * pairs * depth, 2 * vectors + outputs * pairs),
        "stored": (2 * per_pair * pairs * depth, (3 + outputs) * vectors + maps * pairs),
        "fused": (2 * per_pair * pairs * depth, (3 + outputs) * vectors),
    }[op]
    return flops / (numbers * size)


INTENSITY = Exercise(
    key="7.1",
    name="arithmetic_intensity",
    goal="A",
    solution=arithmetic_intensity,
    properties=(
        Property("a sum of two tensors: one operation for three numbers", _sum_of_two),
        Property("one query, one key, counted by hand", _one_pair),
        Property("more lines change nothing", _lines_do_not_matter),
        Property("half the bytes, twice the intensity", _bytes_count),
        Property("fused attention grows with the length of the line", _grows_with_the_line),
    ),
    probes=(
        ("add", 4, 7, 5, 4),
        ("scores", 8, 65, 32, 4),
        ("stored", 8, 65, 32, 4),
        ("fused", 8, 65, 32, 4),
        ("scores", 2, 5, 9, 2),
        ("stored", 3, 129, 16, 2),
        ("fused", 3, 129, 16, 2),
        ("stored", 1, 1, 7, 8),
    ),
    mutants=(
        Mutant(
            "multiply-adds",
            lambda *case: _counted(case, per_pair=1),
            "each multiplication with its addition counts as one. Here they count as two "
            "operations.",
        ),
        Mutant(
            "answers are not written",
            lambda *case: _counted(case, outputs=0),
            "only what is read is counted. What comes out has to be written to memory, too.",
        ),
        Mutant(
            "maps moved twice",
            lambda *case: _counted(case, maps=2),
            'in "stored" a map crosses four times: the scores are written and read again, the '
            "weights are written and read again.",
        ),
        Mutant(
            "no softmax in between",
            lambda *case: _counted(case, maps=3),
            'in "stored" a map crosses four times. With three, one of its ways is missing: scores '
            "written, scores read, weights written, weights read.",
        ),
        Mutant(
            "numbers, not bytes",
            lambda op, n, length, depth, size: arithmetic_intensity(op, n, length, depth, 1),
            "the operations are divided by how many NUMBERS are moved. Each takes `size` bytes.",
        ),
        Mutant(
            "upside down",
            lambda *case: 1 / arithmetic_intensity(*case),
            "these are bytes per operation. The intensity is operations per byte.",
        ),
        Mutant(
            "fused stores maps",
            lambda op, *sizes: arithmetic_intensity("stored" if op == "fused" else op, *sizes),
            '"fused" is counted like "stored". Fused, no map goes to memory: q, k and v in, the '
            "answer out.",
        ),
        Mutant(
            "one product",
            lambda op, *sizes: (
                arithmetic_intensity(op, *sizes) / (2 if op in ("stored", "fused") else 1)
            ),
            "attention has two products: queries with keys, and weights with values. One of them "
            "is missing in the operations.",
        ),
    ),
    hints=(
        "in: a word and four whole numbers; out: a number, operations divided by bytes.",
        "count two things for each word: operations (2 per pair and channel, in each product), and "
        "numbers that are read or written, vectors [n, L, d] and maps [n, L, L]. Bytes are "
        "numbers times size.",
        'for "stored": flops = 4 * n * L * L * d, numbers = 4 * n * L * d + 4 * n * L * L, and '
        "return flops / (numbers * size).",
    ),
)


# ---- 7.2 bench

WARM, TIMES = (50.0, 40.0), (1.0, 9.0, 3.0, 4.0, 2.0)
_HOST = 0.25  # seconds to ask for a run, during which the clock goes on


class FakeDevice:
    """Works on its own, behind a queue, and is slow at first; time goes by only as it says."""

    def __init__(self, costs: tuple[float, ...] = WARM + TIMES, older: float = 0.0) -> None:
        self.costs, self.now, self.queue = costs, 0.0, older
        self.runs = 0

    def run(self) -> None:
        """Ask for one run, and do not wait for it."""
        self.queue += self.costs[min(self.runs, len(self.costs) - 1)]
        self.now += _HOST
        self.runs += 1

    def sync(self) -> None:
        """Wait until all that was asked for is done."""
        self.now += self.queue
        self.queue = 0.0

    def clock(self) -> float:
        """Read the clock on the wall, in seconds."""
        return self.now


class _Part:
    """One of a fake device's functions, which can be copied and compared."""

    def __init__(self, device: FakeDevice, name: str) -> None:
        self.device, self.name = device, name

    def __call__(self) -> object:
        return getattr(self.device, self.name)()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name


def _probe(*costs: float, older: float = 0.0) -> tuple[Any, ...]:
    device = FakeDevice(costs, older)
    return tuple(_Part(device, name) for name in ("run", "sync", "clock"))


def _measure(timer: Function, device: FakeDevice) -> float:
    return float(timer(lambda: device.run(), lambda: device.sync(), lambda: device.clock()))


def _steady(timer: Function) -> None:
    got = _measure(timer, FakeDevice((7.0,)))
    assert abs(got - 7 - _HOST) < 1e-9, (
        f"on a device where every run takes {7 + _HOST} s you find {got:.6g} s. If that is far too "
        "little: did you wait (sync) before the clock was stopped?"
    )


def _seven_runs(timer: Function) -> None:
    device = FakeDevice()
    _measure(timer, device)
    assert device.runs == 7, (
        f"two runs to warm up and five that count make 7, yours were {device.runs}"
    )


def _warms_up(timer: Function) -> None:
    got = _measure(timer, FakeDevice((500.0, 400.0, 2.0)))
    assert abs(got - 2 - _HOST) < 1e-9, (
        f"the first two runs are slow here, all others take {2 + _HOST} s; you find {got:.6g} s"
    )


def _older_work(timer: Function) -> None:
    got = _measure(timer, FakeDevice((30.0, 30.0, 1.0, 9.0, 3.0, 4.0, 2.0), older=1000.0))
    assert abs(got - 3 - _HOST) < 1e-9, (
        "when the clock starts, the device must have nothing left to do: neither older work nor "
        f"the runs to warm up. Expected {3 + _HOST} s, you find {got:.6g} s"
    )


def _variant(
    warm_up: int = 2,
    before: bool = True,
    after: bool = True,
    middle: Callable[[list[float]], float] = statistics.median,
) -> Function:
    def timer(
        run: Callable[[], object], sync: Callable[[], object], clock: Callable[[], float]
    ) -> float:
        for _ in range(warm_up):
            run()
        seconds = []
        for _ in range(5):
            if before:
                sync()
            begin = clock()
            run()
            if after:
                sync()
            seconds.append(clock() - begin)
        return middle(seconds)

    return timer


def _middle_of_all(
    run: Callable[[], object], sync: Callable[[], object], clock: Callable[[], float]
) -> float:
    seconds = []
    for _ in range(7):
        sync()
        begin = clock()
        run()
        sync()
        seconds.append(clock() - begin)
    return statistics.median(seconds)


BENCH = Exercise(
    key="7.2",
    name="bench",
    goal="B",
    solution=bench,
    properties=(
        Property("the time of a run is found, on a device that works on its own", _steady),
        Property("slow first runs do not count", _warms_up),
        Property("older work does not count", _older_work),
        Property("seven runs, no more and no fewer", _seven_runs),
    ),
    probes=(
        _probe(*WARM, *TIMES),
        _probe(*WARM, *TIMES, older=70.0),
        _probe(8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0),
        _probe(90.0, 1.0, 2.0, 30.0, 5.0, 4.0, 6.0),
    ),
    mutants=(
        Mutant(
            "no warm-up",
            _variant(warm_up=0),
            "the first runs count. They are slow, as memory has to be found and code to be "
            "loaded: run twice before the clock matters.",
        ),
        Mutant(
            "one run to warm up",
            _variant(warm_up=1),
            "there is one run to warm up. Two were asked for.",
        ),
        Mutant(
            "does not wait at the end",
            _variant(after=False),
            "the clock is stopped before the device is done. A GPU takes orders and returns at "
            "once: you have timed the order, not the work. Call sync between run and clock.",
        ),
        Mutant(
            "does not wait at the start",
            _variant(before=False),
            "the clock starts while the device still works on what came before: the runs to warm "
            "up are counted. Call sync before the first clock().",
        ),
        Mutant(
            "mean",
            _variant(middle=statistics.mean),
            "this is the mean. One slow run (another program woke up) spoils it: take the median.",
        ),
        Mutant(
            "fastest",
            _variant(middle=min),
            "this is the fastest of the five. Some people do that, but here it is the median.",
        ),
        Mutant(
            "median of all seven",
            _middle_of_all,
            "the runs to warm up are among those whose median you take. Only the last five count.",
        ),
    ),
    hints=(
        "in: three functions without arguments; out: a number, seconds.",
        "call run twice. Then five times: wait, read the clock, run, wait, read the clock again, "
        "and keep the difference. statistics.median gives the middle one.",
        "for each of the five: sync(); begin = clock(); run(); sync(); "
        "seconds.append(clock() - begin)",
    ),
)
