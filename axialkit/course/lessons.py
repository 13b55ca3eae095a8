"""All lessons, by number: the one place to add the next."""

from axialkit.course.lesson import Exercise, Lesson
from axialkit.course.lesson_00 import LESSON_00
from axialkit.course.lesson_01 import LESSON_01
from axialkit.course.lesson_02 import LESSON_02
from axialkit.course.lesson_11 import LESSON_11
from axialkit.errors import InputError, suggest

LESSONS: dict[str, Lesson] = {
    lesson.key: lesson
    for lesson in (
        LESSON_00,
        LESSON_01,
        LESSON_02,
        LESSON_11,
    )
}


def get_lesson(key: str) -> Lesson:
    """Return a lesson by its two digits.

    Raises:
        InputError: there is no such lesson.
    """
    if key not in LESSONS:
        raise InputError(f'There is no lesson "{key}". Lessons: {", ".join(LESSONS)}.')
    return LESSONS[key]


def get_exercise(key: str) -> Exercise:
    """Return an exercise by its key, such as "1.2".

    Raises:
        InputError: there is no such exercise.
    """
    known = {exercise.key: exercise for lesson in LESSONS.values() for exercise in lesson.exercises}
    if key not in known:
        raise InputError(
            f'There is no exercise "{key}".{suggest(key, list(known))} '
            f"Exercises: {', '.join(known)}."
        )
    return known[key]
