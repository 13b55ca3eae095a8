"""All lessons, by number: the one place to add the next."""

from axialkit.course.lesson import Exercise, Lesson
from axialkit.course.lesson_00 import LESSON_00
from axialkit.course.lesson_01 import LESSON_01
from axialkit.course.lesson_02 import LESSON_02
from axialkit.course.lesson_03 import LESSON_03
from axialkit.course.lesson_04 import LESSON_04
from axialkit.course.lesson_05 import LESSON_05
from axialkit.course.lesson_06 import LESSON_06
from axialkit.course.lesson_07 import LESSON_07
from axialkit.course.lesson_08 import LESSON_08
from axialkit.course.lesson_09 import LESSON_09
from axialkit.course.lesson_10 import LESSON_10
from axialkit.course.lesson_11 import LESSON_11
from axialkit.course.lesson_12 import LESSON_12
from axialkit.errors import InputError, suggest

Key = str | float  # of an exercise: 2.3 is meant for "2.3"

LESSONS: dict[str, Lesson] = {
    lesson.key: lesson
    for lesson in (
        LESSON_00,
        LESSON_01,
        LESSON_02,
        LESSON_03,
        LESSON_04,
        LESSON_05,
        LESSON_06,
        LESSON_07,
        LESSON_08,
        LESSON_09,
        LESSON_10,
        LESSON_11,
        LESSON_12,
    )
}


def lesson_of(key: str) -> str:
    """Return the lesson of an exercise: "2.3" is of "02"."""
    return f"{int(key.split('.')[0]):02}"


def get_lesson(key: str) -> Lesson:
    """Return a lesson by its two digits; "1" stands for "01".

    Raises:
        InputError: there is no such lesson.
    """
    key = str(key).zfill(2)
    if key not in LESSONS:
        raise InputError(f'There is no lesson "{key}", or not yet. Lessons: {", ".join(LESSONS)}.')
    return LESSONS[key]


def get_exercise(key: Key) -> Exercise:
    """Return an exercise by its key, such as "1.2".

    Raises:
        InputError: there is no such exercise.
    """
    key = str(key)
    known = {exercise.key: exercise for lesson in LESSONS.values() for exercise in lesson.exercises}
    if key not in known:
        raise InputError(
            f'There is no exercise "{key}".{suggest(key, list(known))} '
            f"Exercises: {', '.join(known)}."
        )
    return known[key]
