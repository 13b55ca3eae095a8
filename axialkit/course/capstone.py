"""Six projects that close the course: what to make, how it is judged, and gates that say so.

A gate tries what a learner has made and says claim by claim what holds and what is missing. It can
be passed as often as one likes; the first time is recorded.
"""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any, NamedTuple

from axialkit.course.capstone_gates import (
    diagonal_hop,
    foreign_checkpoint,
    own_images,
    port_checkpoint,
)
from axialkit.course.capstone_measures import model_card, own_page, twice_as_fast
from axialkit.course.page import show_html
from axialkit.course.session import current
from axialkit.course.wrapping import wrapped
from axialkit.errors import InputError, suggest

__all__ = ["PROJECTS", "Project", "foreign_checkpoint", "gate", "menu"]

Finding = tuple[str, str]  # what is claimed, and what is wrong with it; empty: it holds
Gate = Callable[..., Iterator[Finding]]


class Project(NamedTuple):
    """One project of the menu."""

    name: str
    """What ``gate`` takes."""
    task: str
    hand_over: str
    """What the gate wants, as it is called."""
    rubric: tuple[str, str, str]
    """What makes it sound, good, excellent; the gate looks at the first."""
    lessons: str
    gate: Gate


PROJECTS = {
    project.name: project
    for project in (
        Project(
            "own images",
            "Draw three pictures and their masks by hand, and make a data set of them "
            "(axialkit data from-masks).",
            'gate("own images", "data/own")',
            (
                "3 images of your own, 3 classes, things among them, no fault in the layout",
                "a train and a val split; borders follow what is drawn",
                "a network fine-tuned on them, scored on pictures it has not seen",
            ),
            "08, 09",
            own_images,
        ),
        Project(
            "diagonal hop",
            "Write a third kind of hop: every pixel attends along its diagonal, from the upper "
            "left to the lower right. Queries, keys and values are the pixels of x themselves.",
            'gate("diagonal hop", hop)',
            (
                "hop(x) on [b, c, h, w] is exact, with any h and w",
                "fast: no loop over pixels",
                "the key task of lesson 01 with H, W and diagonal hops, over three seeds",
            ),
            "01, 02",
            diagonal_hop,
        ),
        Project(
            "port a checkpoint",
            "Bring weights of another program, with its names and layouts, into our tiny_avenue: "
            "write port(foreign), which gives what load_state_dict takes.",
            'gate("port a checkpoint", port)',
            (
                "port(foreign) gives a state dict that is right to the last number",
                "every name that is left over or missing is told",
                "a released checkpoint ported, with the published score reproduced",
            ),
            "05",
            port_checkpoint,
        ),
        Project(
            "twice as fast",
            "Answer twice as fast as the kit does, and prove that the quality is still there.",
            'gate("twice as fast", fast)',
            (
                "fast(image) gives the labels in half the time; PQ at most 2 points lower",
                "a budget of milliseconds by stage, before and after",
                "the same on a second machine",
            ),
            "07, 12",
            twice_as_fast,
        ),
        Project(
            "model card",
            "Write the card of tiny for people who will rely on it.",
            'gate("model card", text)',
            (
                "headings for data, making, scores, limits, license; true numbers (how many "
                "streets, of which size; PQ and mIoU of 100); the weakest class by name",
                "who should not use it, and for what",
                "scores by group of pictures: where is it worst, and why",
            ),
            "11, 12",
            model_card,
        ),
        Project(
            "own page",
            "Build a page around the network that everybody can use.",
            'gate("own page", page)',
            (
                "named endpoints, a label on everything, alt_text on pictures, its limits told, "
                "faults in a sentence",
                "usable with the keyboard alone, and read aloud",
                "hosted, with the address in your repository",
            ),
            "12",
            own_page,
        ),
    )
}


def menu() -> None:
    """Show the projects with their rubrics, and which gates are passed."""
    passed = current().progress.section("12", "capstone")
    head = "".join(
        f"<th>{word}</th>"
        for word in ("project", "make and hand over", "sound ● · good ○ · excellent ○")
    )
    rows = "".join(_row(project, project.name in passed) for project in PROJECTS.values())
    style = "style='text-align:left;vertical-align:top'"
    page = f"<table {style}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    text = "\n".join(f"{p.name}: {p.task} {p.hand_over}" for p in PROJECTS.values())
    show_html(page.replace("<td>", f"<td {style}>").replace("<th>", f"<th {style}>"), text)


def gate(name: str, *made: Any) -> None:  # noqa: ANN401  (whatever the project makes)
    """Try what was made, print what holds and what is missing, and record it if all holds.

    Raises:
        InputError: there is no such project.
    """
    if name not in PROJECTS:
        raise InputError(
            f'There is no project "{name}".{suggest(name, list(PROJECTS))} '
            f"Projects: {', '.join(PROJECTS)}."
        )
    findings = list(_findings(PROJECTS[name], made))
    for claim, problem in findings:
        print(wrapped(f"✗ {claim}: {problem}" if problem else f"✓ {claim}"))
    missing = sum(bool(problem) for _, problem in findings)
    if missing:
        print(f"  Not through yet: {missing} of {len(findings)} claims looked at do not hold.")
        return
    current().progress.put("12", "capstone", name, "passed")
    print(f"★ {name}: passed.")


def _findings(project: Project, made: tuple[Any, ...]) -> Iterator[Finding]:
    if len(made) != 1:
        yield "one thing is handed over", f"this gate takes one: {project.hand_over}"
        return
    try:
        yield from project.gate(*made)
    except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
        yield "it runs", f"it stops with {type(error).__name__}: {str(error)[:200]}"


def _row(project: Project, is_passed: bool) -> str:  # noqa: FBT001  (private)
    rubric = "<br>".join(
        f"{mark} {escape(line)}" for mark, line in zip("●○○", project.rubric, strict=True)
    )
    state = "★ passed" if is_passed else f"lessons {project.lessons}"
    title = f"<b>{project.name}</b><br><small>{state}</small>"
    task = f"{escape(project.task)}<br><code>nb.capstone.{escape(project.hand_over)}</code>"
    return f"<tr><td>{title}</td><td>{task}</td><td>{rubric}</td></tr>"
