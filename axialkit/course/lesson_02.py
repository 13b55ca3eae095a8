"""Lesson 02, attention on a line: goals, quiz, time budgets."""

from axialkit.course.exercises_02_attention import ATTEND, AXIAL_ATTEND
from axialkit.course.exercises_02_shapes import AS_ROWS, IMAGE_FROM_COLUMNS, SPLIT_HEADS
from axialkit.course.lesson import Budget, Lesson, Question, Word

LESSON_02 = Lesson(
    key="02",
    title="Attention on a line",
    notebook="02_attention_on_a_line.ipynb",
    minutes=50,
    goals={
        "A": "turn rows and columns into sequences, and back",
        "B": "write attention in three lines",
        "C": "give attention several heads",
        "D": "run attention along one axis, and say whom a pixel hears",
    },
    exercises=(AS_ROWS, IMAGE_FROM_COLUMNS, ATTEND, SPLIT_HEADS, AXIAL_ATTEND),
    quiz=(
        Question(
            'What does rearrange(x, "b c h w -> (b w) h c") make of a batch of images?',
            (
                "One sequence per row",
                "One sequence per column",
                "One sequence per image",
                "One sequence per channel",
            ),
            1,
            "w is in the batch, so the width is fixed within a sequence, and h counts its pixels: "
            "a column.",
        ),
        Question(
            "Over which axis does the softmax of scores [n, query, key] run?",
            ("the batch", "the queries", "the keys", "queries and keys together"),
            2,
            "Every query divides its attention among the keys, so its weights over the keys sum "
            "to 1.",
        ),
        Question(
            "Why are the scores divided by the root of the depth?",
            (
                "To save memory",
                "So that the weights sum to 1",
                "So that distant pixels get less",
                "Dot products grow with the depth, and would make the softmax pick a single key",
            ),
            3,
            "A sum of d products of independent numbers spreads like the root of d. Divided by it, "
            "scores are alike at any depth.",
        ),
        Question(
            "Along which lines does a pixel hear others in axial_attend(x, 'H')?",
            ("its column", "its row", "both", "the whole image"),
            0,
            "H attention runs along the height: the column. What is not on the line is in the "
            "batch, and batches do not mix.",
        ),
        Question(
            "Two columns of an image are swapped. What does H attention do?",
            (
                "Its answers change everywhere",
                "Its answers change in the two columns only",
                "Its answers are the same, but for the two columns, which are swapped",
                "It cannot be said",
            ),
            2,
            "Every column is computed alone, wherever it stands. Attention along rows would swap "
            "them, too: it does not know where things are.",
        ),
    ),
    words=(
        Word("sequence", "A line of pixels, each with its channels."),
        Word(
            "query, key, value",
            "What a pixel asks for, what it offers, and what it says when it is asked.",
            "q_i, k_j, v_j",
            "axialkit.attention.axis.AxialAttention1d.project",
        ),
        Word(
            "score",
            "How well a query and a key fit, before the softmax; also called logit.",
            "q_i \\cdot k_j / \\sqrt d",
            "axialkit.attention.axis.AxialAttention1d.logits",
        ),
        Word(
            "softmax",
            "Makes positive numbers that sum to 1: powers of e, each divided by all.",
        ),
        Word("depth", "How many numbers a query, a key or a value has.", "d"),
        Word("einops", "The library that writes changes of shape, and sums, by letters."),
        Word("temperature", "What scores are divided by: low is sharp, high is even."),
        Word(
            "head",
            "A group of channels that attends with a softmax of its own.",
            code="axialkit.course.line.split_heads",
        ),
        Word("equivariant", "What is done to the input, happens to the answer."),
    ),
    budgets={"lesson": Budget(ci=4.0, learn=4.0, megabytes=400, measured="2026-11")},
)
