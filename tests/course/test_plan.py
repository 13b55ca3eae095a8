"""The way through the course: complete, honest about what is written, and what is done."""

import re
from pathlib import Path

import nbformat
import pytest

from axialkit.course import plan
from axialkit.course.generate import WAY
from axialkit.course.lessons import LESSONS
from axialkit.course.plan import STOPS, path, standings
from axialkit.course.progress import Progress
from axialkit.course.session import Session
from axialkit.files import read_json

ROOT = Path(__file__).resolve().parents[2]


def test_every_lesson_has_its_stop_and_its_file() -> None:
    stops = {stop.key: stop for stop in STOPS}
    assert list(stops) == [f"{number:02}" for number in range(13)]
    for key, lesson in LESSONS.items():
        assert stops[key].title == lesson.title
        first = nbformat.read(ROOT / "notebooks" / lesson.notebook, as_version=4).cells[0]
        assert first.source.splitlines()[0] == f"# {key} · {lesson.title}"
    files = {file.name for file in (ROOT / "notebooks").glob("*.ipynb")}
    assert files == {lesson.notebook for lesson in LESSONS.values()}
    baseline = read_json(ROOT / "tests" / "notebooks" / "baseline.json")
    assert {f"{name}.ipynb" for name in baseline} == files


def test_the_readme_lists_the_same_way() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| \[?([01]\d [A-Z].+?)(?:\]\(.+\))? \| (.+) \|$", text, re.MULTILINE)
    )
    assert rows == {f"{stop.key} {stop.title}": stop.promise for stop in STOPS}
    for lesson in LESSONS.values():
        assert f"[{lesson.key} {lesson.title}](notebooks/{lesson.notebook})" in text


def test_standings_follow_the_record() -> None:
    progress = Progress(None)
    assert [s.mark for s in standings(progress)[:3]] == ["to do"] * 3
    progress.put("00", "checks", "0.1", "passed")
    progress.put("01", "checks", "1.2", "passed")
    marks = {s.stop.key: s.mark for s in standings(progress)}
    assert (marks["00"], marks["01"], marks["02"]) == ("done", "begun", "to do")
    assert all(marks[stop.key] == "planned" for stop in STOPS if stop.key not in LESSONS)


def test_states_are_shown_as_a_picture(learner: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(plan, "show_html", lambda page, text: shown.append((page, text)))
    learner.progress.put("01", "checks", "1.2", "passed")
    path()
    ((page, text),) = shown
    assert re.search(r'aria-label="The course as a line of 13 stops\. begun: 01; to do: 00', page)
    assert page.count("<circle") == 13 and page.count("<title>") == 13
    assert ">1 of 4</text>" in page
    assert "01 Why look along a cross?: begun, 1 of 4 exercises" in text


def test_lesson_00_lists_the_way() -> None:
    """Otherwise: make badges."""
    cells = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4).cells
    (cell,) = [cell for cell in cells if cell.id == WAY]
    assert cell.source == plan.way()
    assert "| [01 · Why look along a cross?](01_why_axial.ipynb) | what a pixel can" in cell.source
    assert cell.source.count("| 45 min |") >= 1


def test_the_readme_links_every_lesson_once_and_lists_nothing_else() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, table = readme.split("<!-- the lessons -->\n")
    table, after = table.split("<!-- the lessons end -->\n")
    links = re.findall(r"^\| \[\d\d .*?\]\(notebooks/(.*?)\) \|", table, re.MULTILINE)
    assert links == [lesson.notebook for lesson in LESSONS.values()]
    assert len(table.splitlines()) == len(LESSONS) + 2
    assert not after.startswith("|")
