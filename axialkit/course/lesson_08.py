"""Lesson 08, heads, targets, losses: goals, quiz, ablation, time budgets."""

from axialkit.course.exercises_08_centers import FIND_CENTERS
from axialkit.course.exercises_08_grouping import GROUP_PIXELS
from axialkit.course.exercises_08_loss import HARD_PIXEL_CE
from axialkit.course.exercises_08_merging import MERGE
from axialkit.course.exercises_08_offsets import CENTER_OFFSETS
from axialkit.course.exercises_08_targets import CENTER_HEATMAP
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word


def _ceiling(seed: int) -> dict[str, float]:
    from axialkit.config import PRESETS
    from axialkit.course.ceiling import ceilings

    return ceilings(seed, PRESETS["tiny"], scenes=24)


LESSON_08 = Lesson(
    key="08",
    title="Heads, targets, losses",
    notebook="08_panoptic_heads_targets_losses.ipynb",
    minutes=90,
    goals={
        "A": "turn a panoptic map into targets for the heads",
        "B": "train on the hardest pixels, and leave void alone",
        "C": "turn the heads' answers into things",
    },
    exercises=(CENTER_HEATMAP, CENTER_OFFSETS, HARD_PIXEL_CE, FIND_CENTERS, GROUP_PIXELS, MERGE),
    quiz=(
        Question(
            "Two heat spots overlap. Which value has the target between them?",
            ("their sum", "their mean", "the larger one", "0"),
            2,
            "A sum could make a new peak between two neighbors, where nobody is.",
        ),
        Question(
            "A pixel's offset is (dy, dx) = (-3, 5). Where is its center?",
            ("3 up, 5 right", "3 down, 5 left", "5 up, 3 left", "5 down, 3 right"),
            0,
            "y comes first and grows downwards, so -3 is up; x grows to the right.",
        ),
        Question(
            "What does the class loss do with a void pixel?",
            (
                "It trains the network to say road there",
                "It costs nothing, but is one of the pixels of which a share is chosen",
                "It leaves the whole picture out, as its truth is not complete",
                "It weighs three times as much, as void is rare",
            ),
            1,
            "Its error is 0, and top_k is a share of all pixels, void included.",
        ),
        Question(
            "The window of the peaks is much too wide. What happens?",
            (
                "One thing falls into several",
                "Stuff becomes void",
                "Neighbors are merged into one thing",
                "Nothing",
            ),
            2,
            "Of two centers in one window only the hotter one stays. The pixels of the other go to "
            "the nearest center that is left.",
        ),
        Question(
            "A group has 5 pixels of car and 1 of truck. What is it after the merge?",
            ("a car and a truck", "a car", "a car with a void pixel", "void"),
            1,
            "The majority decides, and the pixel that lost the vote is relabelled.",
        ),
    ),
    words=(
        Word("prediction head", "The last layers of a network, which give one kind of answer."),
        Word(
            "heat map",
            "What the center head answers: near 1 where the center of a thing is.",
            code="axialkit.data.targets.center_heatmap",
        ),
        Word("offset", "The way from a pixel to the center of its thing, (dy, dx), in pixels."),
        Word("void", "Pixels without a class (255): nothing said about them is wrong."),
        Word(
            "hardest pixels",
            "The share of pixels with the largest errors; only they train the classes.",
            code="axialkit.losses.hardest",
        ),
        Word(
            "non-maximum suppression",
            "Keeping only the highest value of every window; NMS for short.",
            code="axialkit.postprocess.suppress_neighbors",
        ),
        Word(
            "majority vote",
            "The class that most pixels of a thing have becomes the class of all.",
            code="axialkit.postprocess.merge",
        ),
        Word(
            "oracle ladder",
            "Scores with one head after the other replaced by the truth.",
            code="axialkit.evaluation.oracle.oracle_counts",
        ),
    ),
    ablations=(Ablation("true heads", _ceiling),),
    budgets={
        "true heads": Budget(ci=0.5, learn=1.0, megabytes=200, measured="2026-11"),
        "ladder": Budget(ci=0.5, learn=1.0, megabytes=200, measured="2026-11"),
        "lesson": Budget(ci=8.0, learn=9.0, megabytes=700, measured="2026-11"),
    },
)
