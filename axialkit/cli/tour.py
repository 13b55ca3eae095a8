"""``axialkit tour``: data, training, official score and a page of pictures, in one go."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import tyro

from axialkit.cli.parse import OptionalCount, parse
from axialkit.cli.roots import MINICITY_ROOT
from axialkit.config import ExperimentConfig, get_preset
from axialkit.errors import InputError
from axialkit.files import read_json, write_json

PRESET = "tiny"
MINUTES = 5.0
FEWEST_STEPS = 20


@dataclass(frozen=True)
class Arguments:
    """The whole way in one go, on data that it draws itself.

      1. MiniCity is drawn, unless it is there           about a minute
      2. a small axial network is trained on it          5 minutes
      3. the official script scores it                   half a minute
      4. a page shows what came out, and where it looks  seconds

    Times are for 2 CPU cores. Ctrl-C stops it at any point; the same command goes on from there.

    Examples:
      axialkit tour
      axialkit tour --minutes 1 --out tour/short
      axialkit tour --steps 3000

    Next:
      open tour/index.html
    """

    out: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("tour")
    """Folder of the tour: the run, the score, the page."""
    data: Annotated[Path, tyro.conf.arg(metavar="ROOT")] = Path(MINICITY_ROOT)
    """Folder of MiniCity; drawn there if absent."""
    minutes: Annotated[
        float | None, tyro.conf.arg(metavar="MINUTES", constructor=float, help_behavior_hint="")
    ] = None
    """How long to train; by default 5. The steps that fit are found by timing a few."""
    steps: OptionalCount = None
    """Train exactly this many steps instead."""

    def __post_init__(self) -> None:
        """Reject contradictions and too short a training."""
        if self.minutes is not None and self.steps is not None:
            raise InputError("Give --minutes or --steps, not both.")
        if self.minutes is not None and self.minutes <= 0:
            raise InputError(f"--minutes must be positive, got {self.minutes}.")
        if self.steps is not None and self.steps < FEWEST_STEPS:
            raise InputError(f"--steps must be at least {FEWEST_STEPS}, got {self.steps}.")


class Stage(NamedTuple):
    """One part of the tour; it is skipped when it is done."""

    title: str
    is_done: Callable[[], bool]
    work: Callable[[], object]


class Tour(NamedTuple):
    """Where everything lies."""

    out: Path
    data: Path

    @property
    def plan(self) -> Path:
        return self.out / "tour.json"

    @property
    def run(self) -> Path:
        return self.out / "run"

    @property
    def page(self) -> Path:
        return self.out / "index.html"


def command(argv: list[str]) -> int:
    """Do all stages that are not done yet and print where the page is."""
    arguments = parse(Arguments, argv, "tour")
    tour = Tour(arguments.out, arguments.data)
    stages = _stages(tour, arguments)
    try:
        for number, stage in enumerate(stages, start=1):
            done = stage.is_done()
            ending = " (done before)" if done else ""
            print(f"[{number}/{len(stages)}] {stage.title}{ending}", flush=True)
            if not done:
                stage.work()
    except KeyboardInterrupt as stop:
        again = " ".join(["axialkit tour", *argv])
        raise KeyboardInterrupt(f"Go on from there with: {again}") from stop
    print(f"\n{_score(tour)}")
    print(f"The page with everything: {tour.page.resolve()}")
    print(f"Next: axialkit predict {tour.run} IMAGE    or the first lesson: make lab")
    return 0


def _stages(tour: Tour, arguments: Arguments) -> list[Stage]:
    from axialkit.data.minicity import generate, is_complete
    from axialkit.training.loop import evaluate_run, train
    from axialkit.training.run_folder import EVALUATION_FILE
    from axialkit.weights.files import WEIGHTS_FILE

    def plan() -> ExperimentConfig:
        return planned_config(tour, arguments)

    return [
        Stage(
            f"MiniCity in {tour.data}",
            lambda: is_complete(tour.data),
            lambda: generate(tour.data),
        ),
        Stage(
            f"Training {PRESET} in {tour.run}",
            lambda: (tour.run / WEIGHTS_FILE).exists(),
            lambda: train(plan(), tour.data, tour.run, resume=True, evaluate_on=None),
        ),
        Stage(
            "Scoring it on the validation scenes",
            lambda: (tour.run / EVALUATION_FILE).exists(),
            lambda: evaluate_run(tour.run, plan(), tour.data, "val", progress=True),
        ),
        Stage(
            "Drawing the page",
            tour.page.exists,
            lambda: _draw_page(tour),
        ),
    ]


def _score(tour: Tour) -> str:
    from axialkit.training.run_folder import EVALUATION_FILE

    report = read_json(tour.run / EVALUATION_FILE)
    if report["official"]["pq"] is None:
        return f"No official score: {report['notes']['official pq']}"
    quality = 100 * report["official"]["pq"]
    return f"PQ {quality:.1f} by the official script, on {report['images']} validation scenes."


def _draw_page(tour: Tour) -> None:
    from axialkit.cli.tour_page import write_page

    write_page(tour.page, tour.run, tour.data)


def planned_config(tour: Tour, arguments: Arguments) -> ExperimentConfig:
    """Return the configuration to train, decided once and kept in tour.json.

    Raises:
        InputError: the folder holds a tour of another length or on other data.
    """
    config = get_preset(PRESET)
    if not tour.plan.exists():
        steps = arguments.steps or steps_for(arguments.minutes or MINUTES, config, tour.data)
        minutes = None if arguments.steps else arguments.minutes or MINUTES
        content = {"steps": steps, "minutes": minutes, "data": str(tour.data.resolve())}
        write_json(tour.plan, content)
    plan = read_json(tour.plan)
    asked = {"steps": arguments.steps, "minutes": arguments.minutes}
    for name, value in asked.items():
        if value is not None and value != plan[name]:
            raise InputError(
                f"The tour in {tour.out} was begun with {name} {plan[name]}, not {value}. "
                "Choose another --out, or remove that folder."
            )
    return replace(config, train=replace(config.train, steps=plan["steps"]))


def steps_for(minutes: float, config: ExperimentConfig, root: Path) -> int:
    """Time a few steps here and return how many fit into that many minutes, in twenties."""
    import tempfile

    from axialkit.training.log import read_log
    from axialkit.training.loop import train

    print("      timing a few steps first ...", flush=True)
    timed = replace(config, train=replace(config.train, steps=40, log_every=20))
    with tempfile.TemporaryDirectory() as folder:
        train(timed, root, Path(folder) / "timing", evaluate_on=None, progress=False)
        seconds = read_log(Path(folder) / "timing")[-1]["seconds"]  # the first 20 warm up
    steps = max(FEWEST_STEPS, round(60 * minutes / seconds / 20) * 20)
    print(f"      {steps} steps fit into {minutes:g} minutes here ({seconds:.2f} s each)")
    return steps
