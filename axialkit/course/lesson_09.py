"""Lesson 09, training on streets: goals, quiz, words, the ablation, time budgets."""

from axialkit.course.exercises_09_bugs import NAME_BUG
from axialkit.course.exercises_09_crop import RANDOM_SCALE_CROP
from axialkit.course.exercises_09_flip import FLIP_SAMPLE
from axialkit.course.exercises_09_overfit import OVERFIT_ONE
from axialkit.course.exercises_09_rate import POLY_LR
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word


def _compare(seed: int) -> dict[str, float]:
    from axialkit.course.street_ablation import compare

    return compare(seed)


LESSON_09 = Lesson(
    key="09",
    title="Train on streets",
    notebook="09_train_on_streets.ipynb",
    minutes=100,
    goals={
        "A": "change a sample at random without spoiling its labels",
        "B": "set the learning rate, and prove a new loop on one batch",
        "C": "read the curves of a training, and find a bug that stops no program",
    },
    exercises=(FLIP_SAMPLE, RANDOM_SCALE_CROP, POLY_LR, OVERFIT_ONE, NAME_BUG),
    quiz=(
        Question(
            "A sample is mirrored left and right. What happens to an offset (dy, dx) = (2, 5)?",
            (
                "It stays (2, 5), on another pixel",
                "It becomes (2, -5), on another pixel",
                "It becomes (-2, -5), on the same pixel",
                "It becomes (5, 2), on another pixel",
            ),
            1,
            "The pixel moves to the other side, and what was 5 to its right is now 5 to its left. "
            "Up and down do not change.",
        ),
        Question(
            "Your net learns one batch by heart. What does that prove?",
            (
                "That the labels lie on the right pixels",
                "That the loop moves the weights so that this loss falls",
                "That the net will do well on new scenes",
                "That the learning rate suits a long training",
            ),
            1,
            "Wrong labels are learned by heart just as well. Overfitting proves the loop, not the "
            "data.",
        ),
        Question(
            "The training loss falls nicely; the same loss on validation scenes grows from the "
            "first steps on. Which is the likeliest of these?",
            (
                "The backbone is frozen",
                "The learning rate is too low",
                "Training and validation do not score the same pixels",
                "The gradients are clipped",
            ),
            2,
            "A class that is left out in training is never answered; validation counts it. Late "
            "in a training, a growing gap would be overfitting.",
        ),
        Question(
            "A checkpoint holds the weights alone. What is different after a restart?",
            (
                "Nothing",
                "Adam starts without its memory, and the random draws begin anew",
                "The weights are rounded",
                "The loss is computed another way",
            ),
            1,
            "Going on exactly takes the weights, the optimizer's memory, the number of finished "
            "steps, and the place in the stream of random draws.",
        ),
        Question(
            "With local cues, attention and convolution of the same size find the class of the "
            "long vehicles equally well. What follows?",
            (
                "That attention is useless",
                "That the comparison was unfair",
                "That what a layer is good for shows only where the task needs it",
                "That more seeds would show attention ahead",
            ),
            2,
            "An ablation says something about a network AND a task. That is why both kinds of "
            "scenes are in the table.",
        ),
    ),
    words=(
        Word("augmentation", "Changing the samples at random, anew each time they are used."),
        Word("learning rate", "How far one step moves the weights against the gradient."),
        Word(
            "schedule",
            "The learning rate as a function of the step.",
            r"(1 - s/N)^{0.9}",
            "axialkit.training.schedule.learning_rate",
        ),
        Word("warm-up", "The first steps, in which the learning rate rises from 0."),
        Word(
            "gradient clipping",
            "Shrinking a gradient whose norm is above a limit, in its direction.",
            code="axialkit.training.schedule.clip_gradients",
        ),
        Word("overfitting", "Learning the training samples by heart, at the cost of new ones."),
        Word("validation", "Scoring on scenes that the network is not trained on."),
        Word(
            "averaged weights",
            "A moving mean of the weights over the last steps (EMA), kept beside the trained ones.",
        ),
        Word("mixed precision", "Computing with 16-bit numbers where that does no harm (AMP)."),
        Word(
            "checkpoint",
            "All that a training needs to go on exactly where it was.",
            code="axialkit.training.checkpoint.save_checkpoint",
        ),
        Word("ablation", "Taking one part away, with all else equal, to see what it was good for."),
        Word("phase transition", "A sudden jump of a score after a long time without change."),
    ),
    ablations=(Ablation("far and local cues", _compare),),
    budgets={
        "one batch": Budget(ci=3.0, learn=9.0, megabytes=200, measured="2026-11"),
        "training": Budget(ci=8.0, learn=110.0, megabytes=500, measured="2026-11"),
        "convolution": Budget(ci=4.0, learn=65.0, megabytes=300, measured="2026-11"),
        "resume": Budget(ci=2.5, learn=2.5, megabytes=200, measured="2026-11"),
        "lesson": Budget(ci=30.0, learn=210.0, megabytes=1200, measured="2026-11"),
    },
)
