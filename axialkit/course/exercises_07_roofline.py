"""Lesson 07, exercise 7.1, operations per byte: what must hold, mistakes, hints."""

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.roofline import arithmetic_intensity

Case = tuple[str, int, int, int, int]


def _says(intensity: Function, case: Case, expected: float, why: str) -> None:
    got = float(intensity(*case))
    assert abs(got - expected) <= 1e-9 * abs(expected), (
        f"arithmetic_intensity{case}: expected {expected:.6g}, you say {got:.6g}. {why}"
    )


def _sum_of_two(intensity: Function) -> None:
    _says(
        intensity, ("add", 3, 5, 8, 4), 1 / 12,
        "For each sum two numbers are read and one is written: 12 bytes for one operation.",
    )  # fmt: skip
    _says(intensity, ("add", 7, 2, 3, 2), 1 / 6, "With 2 bytes per number it is 6 bytes.")


def _one_pair(intensity: Function) -> None:
    """One query and one key of depth 1: by hand."""
    _says(
        intensity, ("scores", 1, 1, 1, 1), 2 / 3,
        "One query and one key of one number each: a multiplication and an addition; two numbers "
        "read, one score written.",
    )  # fmt: skip
    _says(
        intensity, ("stored", 1, 1, 1, 1), 4 / 8,
        "One number each: 2 operations for the score, 2 for the answer. Moved: q, k, the score; "
        "the score, the weight; the weight, v, the answer.",
    )  # fmt: skip
    _says(
        intensity, ("fused", 1, 1, 1, 1), 4 / 4,
        "One number each: 4 operations; q, k and v are read, the answer is written.",
    )  # fmt: skip


def _two_by_two(intensity: Function) -> None:
    """Two queries and two keys of three numbers each: vectors and maps differ in size."""
    _says(
        intensity, ("scores", 1, 2, 3, 1), 24 / 16,
        "Two queries, two keys, three numbers each: 4 pairs of 3 channels are 24 operations; q and "
        "k of 6 numbers are read, 4 scores are written.",
    )  # fmt: skip
    _says(
        intensity, ("stored", 1, 2, 3, 1), 48 / 40,
        "Two queries, two keys, three numbers each: 24 operations in each product. Moved: 6 + 6 "
        "and 4; 4 and 4; 4 + 6 and 6.",
    )  # fmt: skip


def _lines_do_not_matter(intensity: Function) -> None:
    for op in ("add", "scores", "stored", "fused"):
        one, many = (float(intensity(op, n, 9, 4, 4)) for n in (1, 1000))
        assert abs(one - many) < 1e-9 * max(abs(one), 1e-9), (
            f'"{op}": 1000 lines are 1000 times the operations and 1000 times the bytes of one '
            f"line; yours gives {one:.4g} for one and {many:.4g} for 1000"
        )


def _bytes_count(intensity: Function) -> None:
    for op in ("scores", "stored", "fused"):
        four, two = (float(intensity(op, 3, 9, 5, size)) for size in (4, 2))
        assert abs(two - 2 * four) < 1e-9 * max(abs(two), 1e-9), (
            f'"{op}": numbers of 2 bytes instead of 4 halve the bytes, so the intensity doubles; '
            f"yours goes from {four:.4g} to {two:.4g}"
        )


def _grows_with_the_line(intensity: Function) -> None:
    for length in (65, 129):
        _says(
            intensity, ("fused", 2, length, 32, 4), length / 4,
            "Fused: 4 · L · L · d operations for 4 · L · d numbers of 4 bytes: L / 4.",
        )  # fmt: skip


def _counted(case: Case, *, per_pair: int = 2, maps: int = 4, outputs: int = 1) -> float:
    """Count with one thing wrong."""
    op, n, length, depth, size = case
    vectors, pairs = n * length * depth, n * length * length
    flops, numbers = {
        "add": (vectors, (2 + outputs) * vectors),
        "scores": (per_pair * pairs * depth, 2 * vectors + outputs * pairs),
        "stored": (2 * per_pair * pairs * depth, (3 + outputs) * vectors + maps * pairs),
        "fused": (2 * per_pair * pairs * depth, (3 + outputs) * vectors),
    }[op]
    return flops / (numbers * size)


INTENSITY = Exercise(
    key="7.1",
    name="arithmetic_intensity",
    goal="A",
    solution=arithmetic_intensity,
    properties=(
        Property("a sum of two tensors: one operation for three numbers", _sum_of_two),
        Property("one query, one key, counted by hand", _one_pair),
        Property("two queries, two keys, counted by hand", _two_by_two),
        Property("more lines change nothing", _lines_do_not_matter),
        Property("half the bytes, twice the intensity", _bytes_count),
        Property("fused attention grows with the length of the line", _grows_with_the_line),
    ),
    probes=(
        ("add", 4, 7, 5, 4),
        ("scores", 8, 65, 32, 4),
        ("stored", 8, 65, 32, 4),
        ("fused", 8, 65, 32, 4),
        ("scores", 2, 5, 9, 2),
        ("stored", 3, 129, 16, 2),
        ("fused", 3, 129, 16, 2),
        ("stored", 1, 1, 7, 8),
    ),
    mutants=(
        Mutant(
            "multiply-adds",
            lambda *case: _counted(case, per_pair=1),
            "each multiplication with its addition counts as one. Here they count as two "
            "operations.",
        ),
        Mutant(
            "answers are not written",
            lambda *case: _counted(case, outputs=0),
            "only what is read is counted. What comes out has to be written to memory, too.",
        ),
        Mutant(
            "maps moved twice",
            lambda *case: _counted(case, maps=2),
            'in "stored" a map crosses four times: the scores are written and read again, the '
            "weights are written and read again.",
        ),
        Mutant(
            "no softmax in between",
            lambda *case: _counted(case, maps=3),
            'in "stored" a map crosses four times. With three, one of its ways is missing: scores '
            "written, scores read, weights written, weights read.",
        ),
        Mutant(
            "numbers, not bytes",
            lambda op, n, length, depth, size: arithmetic_intensity(op, n, length, depth, 1),
            "the operations are divided by how many NUMBERS are moved. Each takes `size` bytes.",
        ),
        Mutant(
            "upside down",
            lambda *case: 1 / arithmetic_intensity(*case),
            "these are bytes per operation. The intensity is operations per byte.",
        ),
        Mutant(
            "fused stores maps",
            lambda op, *sizes: arithmetic_intensity("stored" if op == "fused" else op, *sizes),
            '"fused" is counted like "stored". Fused, no map goes to memory: q, k and v in, the '
            "answer out.",
        ),
        Mutant(
            "one product",
            lambda op, *sizes: (
                arithmetic_intensity(op, *sizes) / (2 if op in ("stored", "fused") else 1)
            ),
            "attention has two products: queries with keys, and weights with values. One of them "
            "is missing in the operations.",
        ),
    ),
    hints=(
        "in: a word and four whole numbers; out: a number, operations divided by bytes.",
        "count two things for each word: operations (2 per pair and channel, in each product), and "
        "numbers that are read or written, vectors [n, L, d] and maps [n, L, L]. Bytes are "
        "numbers times size.",
        'for "stored": flops = 4 * n * L * L * d, numbers = 4 * n * L * d + 4 * n * L * L, and '
        "return flops / (numbers * size).",
    ),
)
