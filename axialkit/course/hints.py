"""Help on request: three hints per exercise, then the solution. What was asked for is recorded."""

import inspect

from axialkit.course.lessons import get_exercise
from axialkit.course.session import current

_LEVELS = ("shape", "idea", "line")


def hint(key: str) -> None:
    """Print the next hint for an exercise; after the third, the third again."""
    exercise, session = get_exercise(key), current()
    seen = session.progress.section(session.lesson.key, "hints").get(key, 0)
    number = min(seen, len(exercise.hints) - 1)
    session.progress.put(session.lesson.key, "hints", key, number + 1)
    print(f"Hint {number + 1} of 3 ({_LEVELS[number]}): {exercise.hints[number]}")
    if number == len(exercise.hints) - 1:
        print(f'That was the last one. To see the answer: nb.solution("{key}")')


def solution(key: str, *, sure: bool = False) -> None:
    """Print the package's own answer to an exercise, if the learner is sure to want it."""
    exercise, session = get_exercise(key), current()
    if not sure:
        print(
            f"This shows the answer to {key}; that you looked is recorded (only on your machine).\n"
            f'To go on: nb.solution("{key}", sure=True)'
        )
        return
    session.progress.put(session.lesson.key, "solutions", key, True)
    for function in exercise.shown or (exercise.solution,):
        print(inspect.getsource(function))
