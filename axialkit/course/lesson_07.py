"""Lesson 07, fused attention and the roofline: goals, quiz, time budgets."""

from axialkit.course.causes import measure_gains
from axialkit.course.exercises_07_clock import BENCH
from axialkit.course.exercises_07_fusion import POSITION_BIAS
from axialkit.course.exercises_07_moments import LOGITS_MOMENTS
from axialkit.course.exercises_07_roofline import INTENSITY
from axialkit.course.exercises_07_second_pass import VALUE_REL_FROM_LSE
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word

LESSON_07 = Lesson(
    key="07",
    title="Fused attention and the roofline",
    notebook="07_fused_attention_and_the_roofline.ipynb",
    minutes=90,
    goals={
        "A": "say whether memory or calculating limits an operation",
        "B": "time code so that the number means something",
        "C": "say which terms of attention survive in a fused kernel, and hand them over",
        "D": "use weights that were never stored",
        "E": "norm logits that are never formed",
    },
    exercises=(INTENSITY, BENCH, POSITION_BIAS, VALUE_REL_FROM_LSE, LOGITS_MOMENTS),
    quiz=(
        Question(
            "A machine's ridge lies at 13 operations per byte. Something has 5 operations per "
            "byte. What makes it faster?",
            (
                "A processor that calculates twice as fast",
                "Moving fewer bytes for the same operations",
                "More operations for the same bytes",
                "Nothing",
            ),
            1,
            "It stands under the slope: memory is too slow for it. Fewer bytes are less waiting. "
            "More operations would raise the intensity, too, but nobody needs them.",
        ),
        Question(
            "Lines become twice as long, float32, the same depth. What happens to the intensity of "
            "fused attention?",
            ("It doubles", "It stays", "It halves", "It becomes four times as large"),
            0,
            "Fused, it is L / 4: four times as many operations as before, for twice as many "
            "bytes. Short lines have little to calculate per byte.",
        ),
        Question(
            "You time a product on a GPU and forget to synchronize before you stop the clock. What "
            "have you measured?",
            (
                "The product, rounded up",
                "The product and what came before it",
                "How long it takes to order the product",
                "The copy of the answer",
            ),
            2,
            "A GPU takes orders and works on its own. The clock stops when the order is given.",
        ),
        Question(
            "Which of the five terms cannot be had from one call of a kernel that takes a bias?",
            ("weights · r_v", "k · r_k", "q · r_q", "weights · v"),
            0,
            "q · r_q and k · r_k are numbers per pair, known before the softmax: a bias. The "
            "vector r_v depends on the pair, not on the key alone, and has to be weighted with "
            "weights that the kernel keeps to itself.",
        ),
        Question(
            "Why does a narrow layer run so much faster when all lines are in one call?",
            (
                "The softmax is cheaper",
                "Fewer bytes are moved",
                "It needs fewer operations",
                "Each call has a cost of its own, whatever its size",
            ),
            3,
            "Operations are the same, and nearly all bytes. But a call has to be read by Python, "
            "checked, and started: for 65 pixels of 32 channels that takes longer than the work.",
        ),
    ),
    words=(
        Word(
            "FLOP",
            "One operation with fractions, such as an addition or a multiplication; GFLOP/s are "
            "billions of them per second.",
        ),
        Word("bandwidth", "How many bytes memory hands over per second."),
        Word(
            "intensity",
            "Operations per byte that has to be moved.",
            code="axialkit.course.roofline.arithmetic_intensity",
        ),
        Word(
            "roofline",
            "The most operations per second that a machine allows at an intensity: a slope, then "
            "flat.",
            "\\min(P, I \\cdot B)",
            "axialkit.course.roofline.attainable",
        ),
        Word(
            "ridge",
            "The intensity at which a roofline becomes flat: peak divided by bandwidth.",
            "P / B",
        ),
        Word(
            "fused kernel",
            "A program that does several operations in one go and keeps what lies between them "
            "out of memory; not to be mixed up with the kernel of a convolution.",
            code="axialkit.attention.operators.fused_attention",
        ),
        Word("warm-up run", "A run before the clock matters, as first runs are slow."),
        Word("to synchronize", "To wait until a device has done all that it was told to do."),
        Word(
            "additive bias",
            "A number per query and key that is added to their score before the softmax.",
            "q_i \\cdot r^q_{j-i} + k_j \\cdot r^k_{j-i}",
            "axialkit.course.roofline.position_bias",
        ),
        Word(
            "log-sum-exp",
            "The logarithm of the sum of the exponentials of a query's logits: all that is "
            "needed to compute its weights anew, a few at a time.",
            "\\log \\sum_j e^{s_{ij}}",
            "axialkit.course.roofline.value_rel_from_lse",
        ),
        Word(
            "Gram matrix",
            "All products of channels of some vectors, summed over the vectors: depth x depth.",
            "\\sum_i q_i q_i^\\top",
            "axialkit.attention.statistics.logit_moments",
        ),
    ),
    ablations=(Ablation("three causes", measure_gains),),
    budgets={
        "your machine": Budget(ci=1.0, learn=1.5, megabytes=250, measured="2026-11"),
        "all backends": Budget(ci=3.0, learn=5.0, megabytes=300, measured="2026-11"),
        "three causes": Budget(ci=4.0, learn=10.0, megabytes=700, measured="2026-11"),
        "one block": Budget(ci=3.0, learn=4.0, megabytes=350, measured="2026-11"),
        "lesson": Budget(ci=16.0, learn=25.0, megabytes=1000, measured="2026-11"),
    },
)
