"""Lesson 01, why look along a cross: goals, quiz, time budgets."""

from axialkit.course.exercises_01_counting import ATTENTION_COST, COUNT_SEGMENTS
from axialkit.course.exercises_01_reaching import CORNER, REACHABLE
from axialkit.course.key_task import STACKS, train_net
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word

KEY_TASK_STEPS = 250


def _key_task(seed: int) -> dict[str, float]:
    """Train every net of the key task; return the shares of right answers."""
    return {stack: train_net(stack, KEY_TASK_STEPS, seed).accuracy for stack in STACKS}


LESSON_01 = Lesson(
    key="01",
    title="Why look along a cross?",
    notebook="01_why_axial.ipynb",
    minutes=45,
    goals={
        "A": "say what a pixel can reach",
        "B": "compute what attention costs",
        "C": "run the finished model and read its answer",
    },
    exercises=(COUNT_SEGMENTS, REACHABLE, CORNER, ATTENTION_COST),
    quiz=(
        Question(
            "After one W hop (attention along the width axis), a pixel has heard from ...",
            ("its row", "its column", "its row and its column", "the whole image"),
            0,
            "One hop runs along one line. The cross needs both kinds of hop, the whole image both "
            "in sequence.",
        ),
        Question(
            'Why does "W, then W" stay at chance in the key task?',
            (
                "It has too few parameters",
                "It was not trained for long enough",
                "The key lies in another row, and W hops never change the row",
                "Two hops are not enough for any network",
            ),
            2,
            "However many W hops are stacked, and however long they are trained, nothing from "
            "another row ever arrives. H, then W has as many parameters and solves it.",
        ),
        Question(
            "Pixel (2, 7) knows something, pixel (5, 1) asks. H first, then W: where does the "
            "message stand in between?",
            ("(2, 1)", "(5, 7)", "(7, 5)", "(5, 1)"),
            1,
            "The H hop keeps the column (7) and carries the message to the row of the one that "
            "asks (5). (2, 1) would be the corner of W, then H.",
        ),
        Question(
            "On a 129 x 257 map, how many times more pairs does full attention need?",
            ("about 2", "about 9", "about 86", "about 33 000"),
            2,
            "hw / (h + w) = 33153 / 386, about 86. The saving grows with the image.",
        ),
        Question(
            "On a single line of 100 pixels (a 1 x 100 map), axial attention is ...",
            ("much cheaper than full", "exactly as dear", "a little dearer", "impossible"),
            2,
            "100 * (1 + 100) pairs against 100 * 100: the W hop already is full attention, and the "
            "H hop looks only at the pixel itself. They are equal on 2 x 2; above that axial wins.",
        ),
    ),
    words=(
        Word("query", "The pixel that asks.", "i"),
        Word("key", "A pixel that is looked at.", "j"),
        Word(
            "weight", "How much of the key's message the query takes.", r"\operatorname{softmax}_j"
        ),
        Word("hop", "One layer of attention along one axis: H along the column, W along the row."),
        Word(
            "corner",
            "Where a message stands between two hops.",
            code="axialkit.course.reach.corner",
        ),
        Word("seed", "The number that fixes all random choices of a run."),
        Word("stuff and things", "Classes without and with countable instances."),
        Word("panoptic label", "1000 · class + number, one whole number for every pixel."),
        Word("stride", "How many image pixels lie between two pixels of a feature map."),
    ),
    ablations=(Ablation("key task", _key_task),),
    budgets={
        "key task": Budget(ci=10.0, learn=20.0, megabytes=160, measured="2026-11"),
        "lesson": Budget(ci=17.0, learn=29.0, megabytes=600, measured="2026-11"),
    },
)
