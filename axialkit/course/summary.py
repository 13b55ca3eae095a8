"""What the learner can now do, as far as the record shows."""

from axialkit.course.lesson import Lesson
from axialkit.course.predictions import calibration
from axialkit.course.progress import Progress
from axialkit.course.session import current
from axialkit.course.wrapping import TIE, wrapped

_BAR = 20  # characters


def summary() -> None:
    """Print goals with the exercises that prove them, predictions, quiz and a progress bar."""
    session = current()
    print("\n".join(summary_lines(session.lesson, session.progress)))


def summary_lines(lesson: Lesson, progress: Progress) -> list[str]:
    """Return the summary of one lesson, line by line."""
    passed = progress.section(lesson.key, "checks")
    lines = [f"Lesson {lesson.key} · {lesson.title}", ""]
    for letter, goal in lesson.goals.items():
        proofs = [exercise for exercise in lesson.exercises if exercise.goal == letter]
        marks = (TIE.join(("✓" if e.key in passed else "·", e.key, e.name)) for e in proofs)
        lines += wrapped(f"{letter}  {goal}:  {'  '.join(marks)}").splitlines()
    done = sum(exercise.key in passed for exercise in lesson.exercises)
    full = _BAR * done // len(lesson.exercises)
    bar = "█" * full + "░" * (_BAR - full)
    lines += [
        "",
        f"exercises    {bar} {done} of {len(lesson.exercises)}{_help_used(lesson, progress)}",
    ]
    lines.append(f"predictions  {_predictions(lesson, progress)}")
    quiz = progress.section(lesson.key, "quiz")
    right, questions = sum(quiz.values()), len(lesson.quiz)
    lines.append(f"quiz         {right} right of {len(quiz)} answered ({questions} questions)")
    return lines


def _help_used(lesson: Lesson, progress: Progress) -> str:
    hints = sum(progress.section(lesson.key, "hints").values())
    solutions = len(progress.section(lesson.key, "solutions"))
    return f" (hints: {hints}, solutions seen: {solutions})" if hints or solutions else ""


def _predictions(lesson: Lesson, progress: Progress) -> str:
    rows = calibration(progress.section(lesson.key, "predictions"))
    told = [f"{right} of {count} right when {name}" for name, count, right in rows if count]
    return ", ".join(told) or "none made and revealed"
