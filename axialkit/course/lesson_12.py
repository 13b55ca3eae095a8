"""Lesson 12, ship the demo: goals, quiz, words, ablation, time budgets."""

from axialkit.course.exercises_12_click import CLICK_TO_FEATURE
from axialkit.course.exercises_12_overlay import OVERLAY
from axialkit.course.exercises_12_page import PAGE
from axialkit.course.exercises_12_predict import PREDICT
from axialkit.course.exercises_12_quantise import QUANTISE
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word


def _bits(seed: int) -> dict[str, float]:
    from axialkit.course.quantising import measure_bits

    return measure_bits(seed)


LESSON_12 = Lesson(
    key="12",
    title="Ship the demo",
    notebook="12_ship_the_demo.ipynb",
    minutes=90,
    goals={
        "A": "make a network smaller, and say what that costs and what it does not bring",
        "B": "promise what a call returns, and keep it",
        "C": "find the cell of the network under a click",
        "D": "draw an answer that all eyes can read",
        "E": "put a function on a web page, and call it from elsewhere",
    },
    exercises=(QUANTISE, PREDICT, CLICK_TO_FEATURE, OVERLAY, PAGE),
    quiz=(
        Question(
            "A file of torch.export was made with images of 129 × 257. What does it take?",
            (
                "Images of any size",
                "Images of that size; the batch as well, unless it was declared to vary",
                "Images up to that size",
                "One image at a time, always",
            ),
            1,
            "Sizes become part of the program while it is written down. What shall vary has to be "
            "named, and may vary only as far as the network's arithmetic allows: 16 k + 1 here.",
        ),
        Question(
            "Weights are stored with 8 bits, and turned into floats before each run. What is won?",
            ("Time", "Time and space", "Space", "Quality"),
            2,
            "The file is a quarter of that of 32-bit floats. The arithmetic is the same as before. "
            "For time the arithmetic itself must run on whole numbers, faster than on floats.",
        ),
        Question(
            "The network takes 17 ms of 148 ms. It is made twice as fast. What is won at most?",
            ("74 ms", "about 8 ms, 6 %", "17 ms", "half of everything"),
            1,
            "Half of 17 is 8.5 ms. Measure all stages first, and begin with the longest.",
        ),
        Question(
            "Gradio reports a click as [160, 32] on a picture that was not shrunk. Stride 16. "
            "Which cell (row, column)?",
            ("(10, 2)", "(2, 10)", "(160, 32)", "(9, 1)"),
            1,
            "A click is [x, y]: 160 to the right, 32 down. Row 32 / 16 = 2, column 160 / 16 = 10.",
        ),
        Question(
            "Why does an endpoint get a name of its own, such as /square?",
            (
                "Gradio demands one",
                "It is faster",
                "So that programs which call it still work when the function inside is renamed",
                "To hide it from visitors",
            ),
            2,
            "The name is part of the promise to callers. Without one it follows the name of the "
            "Python function.",
        ),
    ),
    words=(
        Word(
            "exported program",
            "A network as a list of operators with its weights, without its Python code.",
            code="axialkit.weights.export.export_network",
        ),
        Word(
            "dynamic shape",
            "An axis whose length an exported program leaves open, within stated limits.",
            code="axialkit.course.exporting.for_any_size",
        ),
        Word("ONNX", "A file format for networks that many programs can run."),
        Word(
            "quantising",
            "Storing numbers with few bits: whole codes, and a scale that they are times.",
            code="axialkit.course.quantising.quantise",
        ),
        Word("latency", "How long one answer takes, from the question to the result."),
        Word(
            "latency budget", "How long an answer may take, and how much of that each stage gets."
        ),
        Word(
            "frontier",
            "The settings that no other setting beats in both time and quality.",
            code="axialkit.course.latency.best_points",
        ),
        Word("contract", "What a call promises: what it takes, what it returns, what it refuses."),
        Word(
            "schema",
            "A contract's form as data, so that a program can check an answer.",
            code="axialkit.course.contract.SCHEMA",
        ),
        Word(
            "letterbox",
            "Laying a picture into a frame of another shape: shrunk, the rest filled with grey.",
            code="axialkit.inference.fit_image",
        ),
        Word(
            "contrast",
            "How much brighter one color is than another to the eye, 1 to 21.",
            code="axialkit.course.eyes.contrast",
        ),
        Word("endpoint", "An address at which a server takes questions of one kind."),
        Word("client", "A program that asks a server."),
        Word(
            "screenshot test",
            "A test that draws again and counts the pixels that have changed.",
        ),
        Word(
            "model card",
            "A page that says how a network was made, how good it is, and what it is not for.",
        ),
    ),
    ablations=(Ablation("bits per weight", _bits),),
    budgets={
        "lesson": Budget(ci=29.0, learn=60.0, megabytes=1200, measured="2026-11"),
        "export": Budget(ci=5.5, learn=5.5, megabytes=300, measured="2026-11"),
        "ONNX": Budget(ci=13.0, learn=13.0, megabytes=140, measured="2026-11"),
        "any size": Budget(ci=7.0, learn=9.0, megabytes=300, measured="2026-11"),
        "bits": Budget(ci=1.5, learn=5.0, megabytes=100, measured="2026-11"),
        "stages": Budget(ci=1.2, learn=2.5, megabytes=100, measured="2026-11"),
        "sizes": Budget(ci=2.0, learn=4.0, megabytes=100, measured="2026-11"),
        "page": Budget(ci=6.0, learn=6.0, megabytes=300, measured="2026-11"),
    },
)
