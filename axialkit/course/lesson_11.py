"""Lesson 11, measuring: goals, quiz, time budgets."""

from axialkit.course.exercises_11_counting import PQ_COUNTS
from axialkit.course.exercises_11_matching import MATCH_SEGMENTS
from axialkit.course.exercises_11_pixels import CONFUSION, MIOU
from axialkit.course.exercises_11_precision import AP_AT
from axialkit.course.exercises_11_quality import PQ
from axialkit.course.exercises_11_zoo import TEST_PQ
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word
from axialkit.course.telling_apart import telling_apart

LESSON_11 = Lesson(
    key="11",
    title="Measuring PQ, mIoU, AP",
    notebook="11_measuring_pq_miou_ap.ipynb",
    minutes=120,
    goals={
        "A": "compute the mean IoU of a set of images",
        "B": "match segments, and compute PQ with void and crowds as the official script has it",
        "C": "compute average precision, and say what it does not see",
        "D": "test a metric for the mistakes that have been published",
    },
    exercises=(CONFUSION, MIOU, MATCH_SEGMENTS, PQ_COUNTS, PQ, AP_AT, TEST_PQ),
    quiz=(
        Question(
            "A network takes two neighboring cars for one, with every pixel's class right. Which "
            "number stays at 100 %?",
            ("PQ", "mIoU", "AP", "none of them"),
            1,
            "mIoU knows classes only, no objects. PQ and AP both miss a car.",
        ),
        Question(
            "Why can a true segment never have two matches, if the IoU has to be above one half?",
            (
                "The one with the higher score is taken",
                "Predicted segments do not overlap: two cannot both hold more than half of it",
                "Labels are unique",
                "It can, but that is rare",
            ),
            1,
            "An IoU above one half means sharing more than half of the true segment. Two segments "
            "without a common pixel cannot both do that. At exactly one half they could.",
        ),
        Question(
            "A predicted car of 100 pixels lies on 60 pixels of void and 40 of road. PQ counts it "
            "as ...",
            ("a false alarm", "a match", "nothing at all", "a miss"),
            2,
            "More than half of it lies on void: it is forgiven. The 40 pixels are still missing "
            "from the road's IoU.",
        ),
        Question(
            "Why does AP not notice a false alarm that the network itself hardly believes in?",
            (
                "It comes last in the ranking, when all that will be found has been found",
                "Only the first 100 detections count",
                "Its IoU is too low",
                "AP knows no false alarms",
            ),
            0,
            "Precision at a recall is the best from there on; a false alarm after the last hit "
            "lowers nothing. PQ has no ranking: there it costs as much as any other.",
        ),
        Question(
            "Two networks differ by 2 points of PQ on 16 images. What should you do first?",
            (
                "Publish: 2 points are 2 points",
                "Train both again with another seed",
                "Take more images, and compare the two on the same ones",
                "Average their scores",
            ),
            2,
            "With 16 images a PQ wanders by several points. On the same images both wander "
            "together, so that their difference is seen much sooner. (Other seeds of the training "
            "are the next question: the bootstrap says nothing about them.)",
        ),
    ),
    words=(
        Word(
            "confusion matrix",
            "How many pixels of each true class got which predicted class.",
            code="axialkit.course.measuring.confusion",
        ),
        Word("IoU", "Shared pixels over all pixels of two masks: intersection over union."),
        Word(
            "mean IoU",
            "The mean over the classes of the IoU of all their pixels; mIoU for short.",
            code="axialkit.evaluation.semantic.MeanIoU",
        ),
        Word(
            "match",
            "A true and a predicted segment of one class whose IoU is above one half.",
            code="axialkit.evaluation.panoptic_quality.match_segments",
        ),
        Word("TP, FP, FN", "Matches, false alarms and missed segments."),
        Word(
            "panoptic quality",
            "How well the matches fit (SQ) times how many segments match (RQ), class by class.",
            r"PQ = SQ \cdot RQ",
            "axialkit.evaluation.panoptic_quality.PanopticQuality",
        ),
        Word("crowd", "A group of things that the annotators did not count; number 0."),
        Word(
            "precision and recall",
            "Which part of what was found is right; of what is there, found.",
        ),
        Word(
            "average precision",
            "Precision, averaged over the recalls, with detections ranked by score; AP for short.",
            code="axialkit.evaluation.average_precision.average_precision",
        ),
        Word(
            "bootstrap",
            "Drawing images with replacement, again and again, to see how much a score depends on "
            "them.",
            code="axialkit.evaluation.bootstrap.quality_bands",
        ),
    ),
    ablations=(Ablation("telling apart", telling_apart),),
    budgets={
        "two networks": Budget(ci=6.0, learn=6.0, megabytes=120, measured="2026-11"),
        "lesson": Budget(ci=15.0, learn=20.0, megabytes=700, measured="2026-11"),
    },
)
