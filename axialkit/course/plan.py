"""The whole course at a glance: every lesson, what it gives, how long it takes, how far one is."""

import html
from typing import NamedTuple

from axialkit.course.lesson import Lesson
from axialkit.course.lessons import LESSONS
from axialkit.course.page import show_html
from axialkit.course.palette import BLUE, LINE
from axialkit.course.progress import Progress
from axialkit.course.session import current


class Stop(NamedTuple):
    """One lesson on the way through the course."""

    key: str
    title: str
    promise: str
    """Completes "you will be able to say ..."."""


STOPS = (
    Stop("00", "Start here", "how a lesson works: cells, exercises, checks, hints"),
    Stop(
        "01",
        "Why look along a cross?",
        "what a pixel can reach, what it costs, and why two hops are enough",
    ),
    Stop(
        "02",
        "Attention on a line",
        "how attention works on one row, with einops, and what it does not know",
    ),
    Stop("03", "Where am I?", "what relative positions add, and how a table of them is read"),
    Stop(
        "04",
        "Position-sensitive axial attention",
        "every box of the paper's figure, as code",
    ),
    Stop(
        "05",
        "Blocks and backbones",
        "how a block becomes Axial-ResNet, SWideRNet and MaX-DeepLab's backbone",
    ),
    Stop("06", "Seeing attention", "what one pixel looks at: exact row, column and two-hop maps"),
    Stop("07", "Fused attention and the roofline", "why fast is fast"),
    Stop("08", "Heads, targets, losses", "how centers and offsets become instances"),
    Stop("09", "Train on streets", "how to train, read the curves, and run a fair ablation"),
    Stop("10", "Many GPUs", "how to get the same result on N devices"),
    Stop("11", "Measuring PQ, mIoU, AP", "numbers that you can defend"),
    Stop("12", "Ship the demo", "how a notebook becomes a web page"),
)
_STEP, _RADIUS = 62, 19  # of the picture, in its own units


class Standing(NamedTuple):
    """How far a learner is with one lesson."""

    stop: Stop
    lesson: Lesson | None  # None: not written yet
    solved: int

    @property
    def exercises(self) -> int:
        """How many the lesson has."""
        return len(self.lesson.exercises) if self.lesson else 0

    @property
    def mark(self) -> str:
        """A word for the lesson's state."""
        if self.lesson is None:
            return "planned"
        if self.solved == 0:
            return "to do"
        return "done" if self.solved == self.exercises else "begun"


def standings(progress: Progress) -> list[Standing]:
    """Return where a learner stands, lesson by lesson."""
    return [
        Standing(stop, LESSONS.get(stop.key), len(progress.section(stop.key, "checks")))
        for stop in STOPS
    ]


def way() -> str:
    """Return the text of lesson 00 that lists all lessons, in Markdown; `make badges` writes it."""
    rows = "\n".join(map(_row, standings(Progress(None))))
    return (
        "## The way\n\n"
        "| lesson | you will be able to say | time with the exercises |\n| :-- | :-- | :-- |\n"
        f"{rows}\n\n"
        "Run the next cell to see how far you are. Come back to it whenever you like. In a "
        "terminal, `axialkit progress` says the same."
    )


def path() -> None:
    """Show all lessons as stops on a line, and what of them is done."""
    found = standings(current().progress)
    text = "\n".join(f"{s.stop.key} {s.stop.title}: {_state(s)}" for s in found)
    show_html(_picture(found), text)


def _row(standing: Standing) -> str:
    stop, lesson = standing.stop, standing.lesson
    title = f"{stop.key} · {stop.title}"
    if lesson is None:
        return f"| {title} | {stop.promise} | not written yet |"
    return f"| [{title}]({lesson.notebook}) | {stop.promise} | {lesson.minutes} min |"


def _state(standing: Standing) -> str:
    if standing.lesson is None:
        return "not written yet"
    return f"{standing.mark}, {standing.solved} of {standing.exercises} exercises"


def _picture(found: list[Standing]) -> str:
    states = "; ".join(
        f"{word}: {', '.join(keys)}"
        for word in ("done", "begun", "to do", "planned")
        if (keys := [s.stop.key for s in found if s.mark == word])
    )
    alt = f"The course as a line of {len(found)} stops. {states}."
    width = _STEP * len(found)
    stops = "".join(_circle(number, standing) for number, standing in enumerate(found))
    rail = f'<path d="M{_STEP / 2} 26H{width - _STEP / 2}" stroke="{LINE}" stroke-width="4"/>'
    return (
        f'<figure style="margin:0" role="img" aria-label="{html.escape(alt)}">'
        f'<svg viewBox="0 0 {width} 74" style="width:100%;max-width:{width}px">{rail}{stops}</svg>'
        "</figure>"
    )


def _circle(number: int, standing: Standing) -> str:
    x = _STEP * number + _STEP / 2
    fill, ink, edge = {
        "done": (BLUE, "#FFFFFF", BLUE),
        "begun": ("#FFFFFF", "#000000", BLUE),
        "to do": ("#FFFFFF", "#000000", "#666666"),
        "planned": ("#FFFFFF", "#767676", LINE),
    }[standing.mark]
    is_begun = standing.mark == "begun"
    label = f"{standing.solved} of {standing.exercises}" if is_begun else standing.mark
    dashes = ' stroke-dasharray="4 4"' if standing.mark == "planned" else ""
    return (
        f"<g><title>{html.escape(standing.stop.title)}: {_state(standing)}</title>"
        f'<circle cx="{x}" cy="26" r="{_RADIUS}" fill="{fill}" stroke="{edge}" stroke-width="3"'
        f'{dashes}/><text x="{x}" y="31" text-anchor="middle" font-size="14" font-weight="bold" '
        f'fill="{ink}" font-family="sans-serif">{standing.stop.key}</text>'
        f'<text x="{x}" y="66" text-anchor="middle" font-size="12" fill="currentColor" '
        f'font-family="sans-serif">{label}</text></g>'
    )
