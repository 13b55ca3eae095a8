"""Lesson 09, exercise 9.5, name the bug: recorded runs, typical mistakes, hints."""

from functools import lru_cache

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.planted_bugs import BUGS, STORE, RunCurves, name_bug, recorded

HEALTHY, OTHERS = 0, (1, 2)  # seeds: of the run to compare with, and of those to be named


@lru_cache(maxsize=64)
def _run(bug: str, seed: int) -> RunCurves:
    return recorded(bug, seed)


def _healthy() -> RunCurves:
    return _run("none", HEALTHY)


def _is_a_name(name: Function) -> None:
    got = name(_run("none", HEALTHY), _healthy())
    assert isinstance(got, str), f"return a name, not {type(got).__name__}"
    assert got in BUGS, f"{got!r} is no name of the list. One of: {', '.join(BUGS)}"


def _test_on(bug: str, seeds: tuple[int, ...]) -> Property:
    def test(name: Function) -> None:
        for seed in seeds:
            got = name(_run(bug, seed), _healthy())
            assert got in BUGS, f"{got!r} is no name of the list. One of: {', '.join(BUGS)}"
            assert got == bug, (
                f'a run (seed {seed}) with "{bug}" was called "{got}". Look at its curves: '
                f"{_TELLS[bug]}"
            )

    return Property(f"{bug}: {len(seeds)} runs", test)


_TELLS = {
    "none": "every one is close to the healthy run's, though not equal to it. Leave room.",
    "batch norm in eval": "what should move in every training, and does not move at all?",
    "learning rate x 100": "how far have the weights gone?",
    "a class ignored": "training and validation tell two stories.",
    "flip forgets the offsets' sign": "only one of the three heads does not learn.",
    "backbone frozen": "there are gradients, but where do they lead?",
    "labels of another image": "nothing that the picture could tell is learned, by any head but "
    "where vehicles usually are.",
}


def _end(run: RunCurves, name: str) -> float:
    return float(run[name][-3:].mean())


def _by_loss_alone(run: RunCurves, healthy: RunCurves) -> str:
    """Take every high loss for too high a rate."""
    worse = _end(run, "semantic") > 1.1 * _end(healthy, "semantic")
    return "learning rate x 100" if worse else "none"


def _without_validation(run: RunCurves, healthy: RunCurves) -> str:
    found = name_bug(run, healthy)
    return "none" if found == "a class ignored" else found


def _gradient_for_movement(run: RunCurves, healthy: RunCurves) -> str:
    found = name_bug(run, healthy)
    return "none" if found == "backbone frozen" else found


def _offset_missed(run: RunCurves, healthy: RunCurves) -> str:
    found = name_bug(run, healthy)
    return "none" if found.startswith("flip") else found


def _too_strict(run: RunCurves, healthy: RunCurves) -> str:
    """Call every run ill that is not exactly the healthy one."""
    found = name_bug(run, healthy)
    same = all(abs(_end(run, name) - _end(healthy, name)) < 1e-6 for name in ("semantic", "offset"))
    return "labels of another image" if found == "none" and not same else found


def _shuffled_for_offsets(run: RunCurves, healthy: RunCurves) -> str:
    """Ask for the offsets first: they stay high with other bugs, too."""
    if _end(run, "offset") > 1.5 * _end(healthy, "offset"):
        return "flip forgets the offsets' sign"
    return name_bug(run, healthy)


def _probes() -> tuple[tuple[RunCurves, RunCurves], ...]:
    """All recorded runs; none before the first recording."""
    if not STORE.exists():
        return ()
    return tuple((_run(bug, seed), _healthy()) for bug in BUGS for seed in (HEALTHY, *OTHERS))


NAME_BUG = Exercise(
    key="9.5",
    name="name_bug",
    goal="C",
    solution=name_bug,
    properties=(
        Property("it returns a name of the list", _is_a_name),
        *(_test_on(bug, OTHERS) for bug in BUGS),
    ),
    probes=_probes(),
    mutants=(
        Mutant(
            "a high loss is a high rate",
            _by_loss_alone,
            "every high loss is blamed on the learning rate. Four of the six bugs leave a high "
            "loss; look at what else each of them does.",
        ),
        Mutant(
            "validation not looked at",
            _without_validation,
            "all are found but the class that is ignored. Its training curves are the best of all! "
            "Compare val semantic with semantic.",
        ),
        Mutant(
            "gradients taken for movement",
            _gradient_for_movement,
            "the frozen backbone was not found. It has gradients like any other; it only does not "
            "move: moved front is exactly 0.",
        ),
        Mutant(
            "offsets not looked at",
            _offset_missed,
            "the mirrored samples were not found: classes and centers are learned as ever, and "
            "only the loss named offset stays where it was.",
        ),
        Mutant(
            "no room for luck",
            _too_strict,
            "healthy runs are called ill. Two runs with other seeds are never equal: ask for half "
            "as much again, not for any difference.",
        ),
        Mutant(
            "the offsets asked first",
            _shuffled_for_offsets,
            "offsets stay high with several bugs, as they are learned last. Ask for what is unique "
            "first, and for the offsets at the end.",
        ),
    ),
    hints=(
        "in: two dicts of arrays, one number per look; out: one of the names, as text.",
        "first what is exactly 0 in one bug only, then what is far too large in one bug only, then "
        "what differs between training and validation; the plain losses last.",
        'run["moved front"][-1] == 0 is the frozen backbone, run["statistics moved"][-1] == 0 the '
        "batch norm in eval; then moved decoder against 3 times the healthy one; then val semantic "
        "against 2 times semantic; then semantic, and at last offset, against 1.5 times the "
        "healthy one.",
    ),
)
