"""The state of the running notebook: which lesson, which profile, whose answers."""

import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from axialkit import requirements
from axialkit.course.lesson import Lesson
from axialkit.course.lessons import get_lesson
from axialkit.course.palette import set_figure_style
from axialkit.course.progress import Progress, home
from axialkit.errors import InputError, suggest

PROFILES = ("ci", "short", "learn", "colab", "full")  # from the smallest workload to the largest
SMALL = PROFILES[:2]  # the same workload, on the CPU
CHECKS = ("learner", "solutions")
Value = TypeVar("Value")


@dataclass
class Session:
    """What ``setup`` found and chose."""

    lesson: Lesson
    profile: str
    seed: int
    data_root: Path | None
    checks: str
    device: str
    progress: Progress
    started: float
    """CPU-seconds of this process when ``setup`` was done: kernel start and imports."""
    spent: dict[str, float] = field(default_factory=dict)
    """CPU-seconds of the heavy cells so far."""

    def __repr__(self) -> str:
        return f"lesson {self.lesson.key}, {self.lesson.title}: profile {self.profile}"

    def pick(self, **choices: Value) -> Value:
        """Return the choice for this profile, or else for the largest profile below it.

        ``lesson.pick(ci=120, learn=250)`` gives 250 in "learn", "colab" and "full".
        """
        for profile in reversed(PROFILES[: PROFILES.index(self.profile) + 1]):
            if profile in choices:
                return choices[profile]
        raise InputError(f'pick() needs a value for "{self.profile}" or a smaller profile.')


_current: list[Session] = []


def current() -> Session:
    """Return the running session.

    Raises:
        InputError: ``setup`` has not run yet.
    """
    if not _current:
        raise InputError("The lesson is not set up yet. Run the cell with nb.setup(...) first.")
    return _current[-1]


def setup(
    lesson: str,
    profile: str = "learn",
    seed: int = 0,
    *,
    data_root: str | Path | None = None,
    checks: str = "learner",
) -> Session:
    """Get ready for a lesson: seeds, device, threads, figure style; print one line.

    Profile "ci" is the short form for machines: it fills the exercises from the solutions and
    keeps no record. "short" is as small and treats you as a learner, like the larger ones.
    ``checks="solutions"`` fills the exercises in those too.

    Raises:
        InputError: an unknown lesson, profile or kind of checks, a folder that is not there, or a
            package that is not installed or does not fit.
    """
    start = time.perf_counter()
    requirements.check()
    _one_of("PROFILE", profile, PROFILES)
    _one_of("CHECKS", checks, CHECKS)
    root = None if data_root is None else Path(data_root).expanduser()
    if root is not None and not root.is_dir():
        raise InputError(f"DATA_ROOT is {root}, which is not a folder. Use None to do without.")
    content = get_lesson(lesson)
    device, version = _prepare_torch(profile, seed)
    set_figure_style()
    is_ci = profile == "ci"
    session = Session(
        lesson=content,
        profile=profile,
        seed=seed,
        data_root=root,
        checks="solutions" if is_ci else checks,
        device=device,
        progress=Progress(None if is_ci else home() / "progress.json"),
        started=cpu_seconds(),
    )
    _current[:] = [session]
    print(
        f"ready in {time.perf_counter() - start:.1f} s · {_engine(device)} · profile={profile} · "
        f"seed={seed} · torch {version}"
    )
    return session


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those it has started, once they have ended."""
    return time.process_time() + sum(os.times()[2:4])


def _prepare_torch(profile: str, seed: int) -> tuple[str, str]:
    """Seed everything; return the device and torch's version."""
    import torch  # takes seconds: counted by setup's clock

    random.seed(seed)
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() and profile not in SMALL else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)  # small layers run faster, and their sums repeat exactly
    return device, torch.__version__.split("+")[0]


def _engine(device: str) -> str:
    import torch

    if device == "cuda":
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(
            f'{what} is "{value}".{suggest(str(value), list(known))} '
            f"Choose one of {', '.join(known)}."
        )
