"""Lesson 06, seeing attention: goals, quiz, words, the ablation, time budgets."""

from axialkit.course.exercises_06_heads import HEAD_PAIRS, MEAN_DISTANCE
from axialkit.course.exercises_06_hops import TWO_HOP, TWO_HOP_WH
from axialkit.course.exercises_06_layers import ROLLOUT
from axialkit.course.hidden import close_the_eyes
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word

LESSON_06 = Lesson(
    key="06",
    title="Seeing attention",
    notebook="06_seeing_attention.ipynb",
    minutes=90,
    goals={
        "A": "record a network's attention and compose its two hops into one exact map",
        "B": "read heads, and pairs of heads",
        "C": "follow attention through many layers, and say where such a map misleads",
        "D": "put a look into numbers",
    },
    exercises=(TWO_HOP, TWO_HOP_WH, HEAD_PAIRS, ROLLOUT, MEAN_DISTANCE),
    quiz=(
        Question(
            "H hop first, then W. A pixel's own column strip has 90 % on the sky. How much of its "
            "two-hop map lies there?",
            (
                "90 %",
                "90 % times what its row gives to its own column",
                "45 %: half of it",
                "nothing",
            ),
            1,
            "The row hop leads to the columns first. Only what it leaves in the pixel's own column "
            "is spread as that strip has it.",
        ),
        Question(
            "Why is the two-hop map exact?",
            (
                "Because the network is small",
                "Because softmax weights sum to 1",
                "Because nothing nonlinear stands between the two hops once the weights are fixed",
                "Because the maps are computed in float64",
            ),
            2,
            "With its weights held fixed, each hop is a weighted sum, and a weighted sum of "
            "weighted sums is one. An activation in between would break that.",
        ),
        Question(
            "Two pixels of one row look at the picture. Which part of their two-hop maps is the "
            "same (in a pair of heads)?",
            (
                "How much each column gets",
                "How the weight of each column is spread over its rows",
                "Both",
                "Neither",
            ),
            1,
            "p(h | w) belongs to the row and is shared. p(w) is each pixel's own.",
        ),
        Question(
            "With 4 heads in each hop, how many two-hop maps has a pixel in one layer?",
            ("4", "8", "16", "1"),
            2,
            "Every head of the first hop reaches every head of the second: 4 · 4 pairs.",
        ),
        Question(
            "A map says that a pixel looks at the nose of a train. What shows that this look "
            "decides the answer?",
            (
                "The weight: 96 % is nearly all",
                "A rollout over all layers",
                "Forbidding that look, and as much elsewhere, and comparing the answers",
                "The mean over all heads",
            ),
            2,
            "A weight says where a value comes from, not what is done with it. What an answer "
            "hangs on is found by taking it away, beside a control.",
        ),
    ),
    words=(
        Word(
            "recording",
            "Reading the weights of a layer while it runs, without changing its answer.",
            code="axialkit.attention.record.record_attention",
        ),
        Word("strip", "The weights of one hop: along a pixel's row, or along its column."),
        Word(
            "two-hop map",
            "Where a pixel looks through both hops of a layer, exactly.",
            r"p(w)\,p(h \mid w)",
            "axialkit.attention.two_hop.two_hop",
        ),
        Word(
            "frozen attention",
            "Weights held fixed while the values change: what makes a hop a plain weighted sum.",
        ),
        Word("Jacobian", "The table of all derivatives: how every output moves with every input."),
        Word(
            "rollout",
            "A guess at attention through many layers: half of the weight stays in each, half "
            "takes the hops.",
            code="axialkit.attention.summaries.rollout",
        ),
        Word("influence", "How strongly an output moves when an input cell does."),
        Word(
            "intervention",
            "Changing one thing inside a network, and comparing the answers with a control.",
        ),
        Word(
            "entropy",
            "How spread some weights are; its exponential counts the keys of an even look.",
            r"-\sum_j p_j \log p_j",
            "axialkit.attention.summaries.entropy",
        ),
    ),
    ablations=(Ablation("close the eyes", close_the_eyes),),
    budgets={
        "close the eyes": Budget(ci=1.5, learn=4.5, megabytes=60, measured="2026-11"),
        "lesson": Budget(ci=17.0, learn=22.0, megabytes=600, measured="2026-11"),
    },
)
