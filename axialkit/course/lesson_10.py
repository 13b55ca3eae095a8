"""Lesson 10, many GPUs: goals, quiz, time budgets."""

from axialkit.course.drift import drift
from axialkit.course.exercises_10_pieces import ACCUMULATE_GRADIENTS
from axialkit.course.exercises_10_ring import ALL_REDUCE_MEAN
from axialkit.course.exercises_10_scores import MERGE_PQ_STATS
from axialkit.course.exercises_10_sharing import LR_FOR, SHARD_INDICES
from axialkit.course.exercises_10_step import SHARED_STEP
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word

LESSON_10 = Lesson(
    key="10",
    title="Many GPUs",
    notebook="10_many_gpus.ipynb",
    minutes=90,
    goals={
        "A": "divide a batch among processes, so that every image is seen once",
        "B": "average numbers over processes, with messages to a neighbor only",
        "C": "train several processes as one, and prove it",
        "D": "keep a step as it is if the batch comes in pieces, and adapt it if the batch changes",
        "E": "score a data set together",
    },
    exercises=(
        SHARD_INDICES,
        ALL_REDUCE_MEAN,
        SHARED_STEP,
        ACCUMULATE_GRADIENTS,
        LR_FOR,
        MERGE_PQ_STATS,
    ),
    quiz=(
        Question(
            "Ten images are scored by four processes; a sampler repeats two of them. The score is",
            (
                "right, as repeating an image changes no mean",
                "that of ten images, two of which count twice",
                "that of the eight images that are seen once",
                "undefined, as a process may have one image more",
            ),
            1,
            "In training an image more or less does no harm. In a score every image counts once: "
            "parts of unequal size, and counts that are added up.",
        ),
        Question(
            "In a ring of 8 processes, how much of its own gradients does each send?",
            ("8 times as much", "7 times as much", "a little less than twice", "one eighth"),
            2,
            "2 (n - 1) chunks of 1 / n each: 2 * 7 / 8 = 1.75. More processes hardly change it.",
        ),
        Question(
            "Why do gradients travel in buckets?",
            (
                "Every message costs time of its own, and the first can leave early",
                "They are compressed in them, so that fewer bytes travel",
                "Otherwise the processes would not get the same mean",
                "The network is cut into parts, one for each process",
            ),
            0,
            "The mean is the same either way. Few large messages cost less than many small ones, "
            "and the first travel while backward is still at work.",
        ),
        Question(
            "2 x 4 images give other weights than 1 x 8, though all gradients are averaged. Why?",
            (
                "Rounding: float64 is too coarse for sums of messages",
                "The learning rate has to be halved for two processes",
                "The messages of the processes arrive in another order",
                "Each process has normalised by its own 4 images",
            ),
            3,
            "Batch norm makes the answer for one image depend on the others of its batch. With "
            "statistics of the whole batch the difference is rounding.",
        ),
        Question(
            "8 processes take 2 pieces of 1 image each per step. The learning rate was found for "
            "32 images. By the linear rule it is now",
            ("the same", "one half of it", "one quarter of it", "one sixteenth of it"),
            1,
            "The global batch is 8 * 2 * 1 = 16 images, half of 32.",
        ),
    ),
    words=(
        Word("process", "A running program with memory of its own; here one per GPU."),
        Word("rank", "The number of a process among its peers, from 0."),
        Word(
            "all-reduce",
            "Adds up, or averages, a tensor over all processes; all of them get the result.",
            code="axialkit.attention.processes.totals_over_processes",
        ),
        Word(
            "ring",
            "Processes in a circle: each sends to its right neighbor, receives from its left one.",
            code="axialkit.course.ring.all_reduce_mean",
        ),
        Word(
            "all-gather",
            "Lets all processes have the tensors of all; nothing is added up.",
        ),
        Word("barrier", "A line that no process crosses before all have reached it."),
        Word("global batch", "All images of one step; the local batch is the part of one process."),
        Word("bucket", "Gradients that travel in one message."),
        Word(
            "synchronised batch norm",
            "Normalises by the mean and variance of the whole batch, not of a process' part "
            "(SyncBN).",
            code="axialkit.attention.batch_norm.synchronize_batch_norms",
        ),
        Word(
            "gradient accumulation",
            "Adding up the gradients of several pieces of a batch before the weights move.",
        ),
        Word("linear rule", "Twice the batch, twice the learning rate; a rule of thumb."),
        Word(
            "weak scaling",
            "How speed grows with processes that each keep their number of images; strong "
            "scaling: with a fixed number of images for all together.",
        ),
    ),
    ablations=(Ablation("pieces", drift),),
    budgets={
        "pieces": Budget(ci=2.5, learn=2.5, megabytes=200, measured="2026-11"),
        "lesson": Budget(ci=28.0, learn=25.0, megabytes=900, measured="2026-11"),
    },
)
