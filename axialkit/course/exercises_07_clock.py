"""Lesson 07, exercise 7.2, an honest clock: what must hold, mistakes, hints."""

import statistics
from collections.abc import Callable
from typing import Any

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.roofline import bench

# neither the first, the third nor the last of the five is the median
WARM, TIMES = (50.0, 40.0), (4.0, 9.0, 1.0, 3.0, 2.0)
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

    def __sub__(self, other: object) -> float:
        raise TypeError(f"{self.name} is a function. Call it: {self.name}()")

    __rsub__ = __sub__


def _probe(*costs: float, older: float = 0.0) -> tuple[Any, ...]:
    device = FakeDevice(costs, older)
    return tuple(_Part(device, name) for name in ("run", "sync", "clock"))


def _measure(timer: Function, device: FakeDevice) -> float:
    return float(timer(lambda: device.run(), lambda: device.sync(), lambda: device.clock()))


def _steady(timer: Function) -> None:
    got = _measure(timer, FakeDevice((7.0,)))
    why = "It is the time of ONE run that is asked for, in seconds."
    if got < 0:
        why = "Time goes on: subtract the earlier clock() from the later one."
    elif got < 7:
        why = "That is too little: did you wait (sync) before the clock was stopped?"
    assert abs(got - 7 - _HOST) < 1e-9, (
        f"on a device where every run takes {7 + _HOST} s you find {got:.6g} s. {why}"
    )


def _seven_runs(timer: Function) -> None:
    device = FakeDevice()
    _measure(timer, device)
    assert device.runs, "run is never called: run() gives the order"
    inside = ". Does return stand inside the loop?" if device.runs == 3 else ""
    assert device.runs == 7, (
        f"two runs to warm up and five that count make 7, yours were {device.runs}{inside}"
    )


def _is_the_median(timer: Function) -> None:
    """The runs to warm up take as long as the median: they make no difference here."""
    got = _measure(timer, FakeDevice((3.0, 3.0, *TIMES)))
    shown = ", ".join(f"{seconds + _HOST}" for seconds in TIMES)
    assert abs(got - 3 - _HOST) < 1e-9, (
        f"the five runs take {shown} s. Their median, the middle one when they are sorted, is "
        f"{3 + _HOST} s; you find {got:.6g} s{_which_alone(got)}"
    )


def _which_alone(got: float) -> str:
    """Name what leaves only one of the five runs."""
    if abs(got - TIMES[0] - _HOST) < 1e-9:
        return ", the first run alone"
    if abs(got - TIMES[-1] - _HOST) < 1e-9:
        return ", the last run alone. Is the list made anew for every run?"
    return ""


def _warms_up(timer: Function) -> None:
    got = _measure(timer, FakeDevice((500.0, 400.0, *TIMES)))
    assert abs(got - 3 - _HOST) < 1e-9, (
        f"the first two runs are slow here, 500 s and 400 s. The median of the other five is "
        f"{3 + _HOST} s; you find {got:.6g} s"
    )


def _older_work(timer: Function) -> None:
    got = _measure(timer, FakeDevice((30.0, 30.0, 1.0, 9.0, 3.0, 4.0, 2.0), older=1000.0))
    assert abs(got - 3 - _HOST) < 1e-9, (
        "here the device is still busy with older work and with the runs to warm up. It must have "
        f"nothing left to do when the clock starts. Expected {3 + _HOST} s, you find {got:.6g} s"
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
        Property("seven runs, no more and no fewer", _seven_runs),
        Property("the time of a run is found, on a device that works on its own", _steady),
        Property("one slow run changes nothing: the median counts", _is_the_median),
        Property("slow first runs do not count", _warms_up),
        Property("older work does not count", _older_work),
    ),
    probes=(
        _probe(*WARM, *TIMES),
        _probe(*WARM, *TIMES, older=70.0),
        _probe(8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0),
        _probe(90.0, 1.0, 2.0, 30.0, 5.0, 4.0, 6.0),
        _probe(60.0, 50.0, 3.0, 2.0, 9.0, 5.0, 7.0, 6.0, 30.0),  # for those who run too often
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
            "third, unsorted",
            _variant(middle=lambda seconds: seconds[2]),
            "this is the third run, not the third of the sorted times. Sort them first, or use "
            "statistics.median.",
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
