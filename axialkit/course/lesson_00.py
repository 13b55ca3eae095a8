"""Lesson 00, start here: one small exercise that shows how all of them work."""

from axialkit.course.lesson import (
    Budget,
    Exercise,
    Function,
    Lesson,
    Mutant,
    Property,
    Question,
    Word,
)


def count_pixels(height: int, width: int) -> int:
    """Return the number of pixels of a picture."""
    return height * width


def _one_row(count: Function) -> None:
    for width in (1, 4, 9):
        got = count(1, width)
        assert got == width, f"a single row of {width} pixels has {width}, you say {got}"


def _turned(count: Function) -> None:
    for height, width in ((2, 5), (7, 3)):
        one, other = count(height, width), count(width, height)
        assert one == other, (
            f"{height} x {width} and {width} x {height} are the same picture, turned: "
            f"you say {one} and {other}"
        )


def _one_more_row(count: Function) -> None:
    more = count(4, 7) - count(3, 7)
    assert more == 7, f"one more row of 7 pixels makes 7 more, yours makes {more}"


COUNT_PIXELS = Exercise(
    key="0.1",
    name="count_pixels",
    goal="A",
    solution=count_pixels,
    properties=(
        Property("a single row has as many as it is wide", _one_row),
        Property("a turned picture has as many", _turned),
        Property("every row adds its width", _one_more_row),
    ),
    probes=((2, 3), (1, 1), (5, 4), (65, 129)),
    mutants=(
        Mutant(
            "added",
            lambda height, width: height + width,
            "height and width are added. There are `height` rows, and each has `width` pixels.",
        ),
        Mutant(
            "the edge",
            lambda height, width: 2 * (height + width),
            "this is the way around the picture. Its pixels lie inside.",
        ),
        Mutant(
            "one line too few",
            lambda height, width: (height - 1) * (width - 1),
            "one row and one column are missing: 3 rows have the numbers 0, 1, 2, but are 3.",
        ),
        Mutant(
            "a square",
            lambda height, width: height**2,
            "the width does not come in: this is right for squares only.",
        ),
    ),
    hints=(
        "in: two whole numbers; out: one whole number.",
        "there are `height` rows, and every one has `width` pixels.",
        "return height * width",
    ),
)

LESSON_00 = Lesson(
    key="00",
    title="Start here",
    notebook="00_start_here.ipynb",
    minutes=10,
    goals={"A": "answer an exercise, and learn from a wrong answer"},
    exercises=(COUNT_PIXELS,),
    quiz=(
        Question(
            "You leave an exercise unsolved and run on. What happens?",
            (
                "The lesson stops there",
                "The cells below use the kit's own function",
                "The cells below are skipped",
                "Your progress is deleted",
            ),
            1,
            "nb.use falls back on the kit's version, and says so. You can come back at any time.",
        ),
        Question(
            "Where are your answers to quizzes and predictions kept?",
            (
                "In an account at the authors'",
                "Nowhere",
                "In a file on this machine",
                "In the notebook",
            ),
            2,
            "In one file in your own data folder. `axialkit progress` prints it; nothing is sent "
            "anywhere.",
        ),
    ),
    words=(
        Word("cell", "A piece of a notebook: text, or code that runs with Shift and Enter."),
        Word("check", "Tries your function on many inputs, and names the usual mistakes."),
    ),
    budgets={"lesson": Budget(ci=2.0, learn=2.0, megabytes=100, measured="2026-11")},
)
