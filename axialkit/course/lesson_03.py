"""Lesson 03, where am I: goals, quiz, time budgets."""

from axialkit.course.exercises_03_resize import RESIZE_TABLE
from axialkit.course.exercises_03_skew import SKEW
from axialkit.course.exercises_03_tables import LOOKUP_REL, RELATIVE_INDEX
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word
from axialkit.course.side_task import LEARNED, POSITIONS, SHIFTED, train_net

SIDE_STEPS = 200


def _left_or_right(seed: int) -> dict[str, float]:
    """Train every net of the game; return its right answers, in place and moved."""
    outcomes = {kind: train_net(kind, SIDE_STEPS, seed) for kind in POSITIONS}
    in_place = {kind: outcome.share(LEARNED) for kind, outcome in outcomes.items()}
    moved = {f"{kind} shifted": outcome.share(SHIFTED) for kind, outcome in outcomes.items()}
    return {**in_place, **moved}


LESSON_03 = Lesson(
    key="03",
    title="Where am I?",
    notebook="03_where_am_i.ipynb",
    minutes=60,
    goals={
        "A": "turn two places into one distance, and say why networks are told distances",
        "B": "read position vectors out of a table, and say how many of them differ",
        "C": "turn scores per distance into scores per key, without a vector per pair",
        "D": "change the size of a table, and say what that does to a network",
    },
    exercises=(RELATIVE_INDEX, LOOKUP_REL, SKEW, RESIZE_TABLE),
    quiz=(
        Question(
            "On a line of 10 places, query 7 looks at key 4. Which row of the table is theirs?",
            ("row 3", "row 12", "row 28", "row 6"),
            3,
            "The distance is 4 - 7 = -3, three to the left. Row L - 1 = 9 is distance 0, and three "
            "rows before it is row 6.",
        ),
        Question(
            "How many rows does a table for lines of 129 places need?",
            ("257", "129", "258", "129 · 129"),
            0,
            "128 distances to the left, 128 to the right, and 0: 2 · 129 - 1 = 257.",
        ),
        Question(
            "Some programs make a tensor [C, K, K] of position vectors. How many of its K · K "
            "vectors may differ?",
            ("all K · K", "2K - 1", "K", "one per channel, C"),
            1,
            "It holds a vector for each pair, but pairs at one distance share theirs: 2K - 1 "
            "vectors, each copied along a diagonal. Only these are learned.",
        ),
        Question(
            "A net with a vector per place was trained with the marker on the left of its lines, "
            "then tested with all moved to the right. Why did it fail?",
            (
                "It has too few parameters",
                "It cannot see that far",
                "What it learned about one place says nothing about another",
                "Attention always fails on new images",
            ),
            2,
            "Every place has a vector of its own, which means nothing until it is trained. A "
            "distance is the same wherever it is.",
        ),
        Question(
            "A table for 33 places is stretched to 65. Which vector does a key 20 to the right "
            "get?",
            (
                "the one that was 20 to the right",
                "the one that was 40 to the right",
                "the one that was 10 to the right",
                "the one that was 5 to the right",
            ),
            2,
            "Distances are stretched by 64 / 32 = 2, so 20 is what 10 was: as far, measured in "
            "parts of the line.",
        ),
    ),
    words=(
        Word(
            "distance",
            "Where the key lies, seen from the query: key minus query, in places of the line.",
            "j - i",
            "axialkit.attention.positions.relative_index",
        ),
        Word(
            "relative position",
            "A learned vector for a distance, the same wherever the pair is.",
            "r_{j-i}",
            "axialkit.attention.positions.look_up",
        ),
        Word("absolute position", "A learned vector for a place, added to what stands there."),
        Word(
            "position table",
            "The vectors of all distances, one row each: 2L - 1 rows for lines of L places.",
            code="axialkit.attention.positions.position_table",
        ),
        Word(
            "position score",
            "How well a query (or a key) fits the vector of a distance; added to the score.",
            "q_i \\cdot r_{j-i}",
            "axialkit.attention.reference.query_position_logits",
        ),
        Word(
            "Toeplitz matrix", "One whose diagonals are constant, such as the index of all pairs."
        ),
        Word(
            "clipping and stretching",
            "Two ways to use a table for longer lines: repeat its end rows, or interpolate all.",
        ),
        Word(
            "skew",
            "To turn scores per distance into scores per key by padding and cutting rows.",
            code="axialkit.course.distances.skew",
        ),
    ),
    ablations=(Ablation("left or right", _left_or_right),),
    budgets={
        "left or right": Budget(ci=3.0, learn=5.0, megabytes=60, measured="2026-11"),
        "larger streets": Budget(ci=1.0, learn=1.5, megabytes=150, measured="2026-11"),
        "lesson": Budget(ci=9.0, learn=14.0, megabytes=500, measured="2026-11"),
    },
)
