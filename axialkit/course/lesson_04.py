"""Lesson 04, position-sensitive axial attention: goals, quiz, words, ablation, time budgets."""

from axialkit.course.exercises_04_attention import ATTENTION
from axialkit.course.exercises_04_layer import FORWARD
from axialkit.course.exercises_04_terms import LOGITS_KR, LOGITS_QR, VALUE_REL
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word
from axialkit.course.term_tasks import GAMES, STEPS, VARIANTS, train_variant


def _position_terms(seed: int) -> dict[str, float]:
    """Train a net for every game without each of the terms; return shares of right answers."""
    return {
        f"{game}, {variant}": train_variant(game, variant, STEPS, seed)
        for game in GAMES
        for variant in VARIANTS
    }


LESSON_04 = Lesson(
    key="04",
    title="Position-sensitive axial attention",
    notebook="04_position_sensitive_axial_attention.ipynb",
    minutes=75,
    goals={
        "A": "write the three position terms of the paper, and say who speaks in each",
        "B": "put them together to equation 4",
        "C": "run the whole layer, batch norms included, and get the authors' numbers",
    },
    exercises=(LOGITS_QR, LOGITS_KR, VALUE_REL, ATTENTION, FORWARD),
    quiz=(
        Question(
            "In the term k·r^k, who decides what the distance is worth?",
            ("the pixel that asks", "the pixel that is looked at", "both", "neither: it is fixed"),
            1,
            "The key's own vector meets the vector of the distance: a pixel can make itself heard "
            "at certain distances.",
        ),
        Question(
            "What does r^v add to an answer?",
            (
                "What the pixel saw",
                "How sure it is",
                "Where it saw it, relative to itself",
                "Where it stands in the image",
            ),
            2,
            "The mean of the vectors of the distances, under the weights. Without it an answer is "
            "a mean of values, and a value does not know how far away it was.",
        ),
        Question(
            "The tables of positions are set to zero. The pixels of a row are shuffled. What "
            "happens to the answers?",
            (
                "They change everywhere",
                "They are shuffled likewise",
                "They become zero",
                "They become equal",
            ),
            1,
            "What is left is plain attention, which is equivariant: a bag of pixels (lesson 02).",
        ),
        Question(
            "Why is there no division by the root of the depth?",
            (
                "The depth is small",
                "A batch norm brings each kind of scores to its own scale",
                "The softmax does it",
                "It was forgotten",
            ),
            1,
            "Every kind of scores has, for every head, a batch norm with a learned scale: that "
            "does what the root does, and lets the network say which kind counts for more.",
        ),
        Question(
            "Only q·r^q is left in the logits. Whom does the weight of a key depend on?",
            (
                "on the query and the distance",
                "on the key and the distance",
                "on the distance alone",
                "on the query and the key",
            ),
            0,
            "Whatever the keys hold, the query has chosen its distances: a convolution whose "
            "kernel every pixel picks for itself.",
        ),
    ),
    words=(
        Word(
            "position-sensitive attention",
            "Attention whose queries, keys and values all know the distance between two pixels.",
            r"y_i = \sum_j \operatorname{softmax}_j(q_i k_j + q_i r^q_{j-i} + k_j r^k_{j-i})"
            r"\,(v_j + r^v_{j-i})",
            "axialkit.attention.AxialAttention1d",
        ),
        Word(
            "query position term",
            "The query chooses the distances that it listens to.",
            r"q_i \cdot r^q_{j-i}",
            "axialkit.attention.reference.query_position_logits",
        ),
        Word(
            "key position term",
            "The key chooses the distances at which it is heard.",
            r"k_j \cdot r^k_{j-i}",
            "axialkit.attention.reference.key_position_logits",
        ),
        Word(
            "value position term",
            "The answer tells where it comes from.",
            "r^v_{j-i}",
            "axialkit.attention.reference.retrieved_position",
        ),
        Word("logits", "The sum of all scores of a pair, before the softmax."),
        Word(
            "batch norm",
            "Brings each channel to mean 0 and spread 1, then to a learned scale and shift.",
            code="axialkit.attention.batch_norm.BatchNorm",
        ),
        Word("span", "How far along its line a pixel may look; here all of it."),
        Word(
            "non-local block",
            "Full attention without positions, the rival on the left of the paper's figure 2.",
            code="axialkit.attention.GlobalAttention2d",
        ),
        Word("dynamic convolution", "A convolution whose kernel every pixel chooses for itself."),
    ),
    ablations=(Ablation("position terms", _position_terms),),
    budgets={
        "games": Budget(ci=5.0, learn=20.0, megabytes=60, measured="2026-11"),
        "lesson": Budget(ci=12.0, learn=28.0, megabytes=400, measured="2026-11"),
    },
)
