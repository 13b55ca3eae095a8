"""Lesson 05, blocks and backbones: goals, quiz, time budgets."""

from axialkit.course.exercises_05_block import AXIAL_BLOCK
from axialkit.course.exercises_05_converting import TO_TORCH
from axialkit.course.exercises_05_counting import COUNT_PARAMS
from axialkit.course.exercises_05_placing import PLACE_AXIAL
from axialkit.course.exercises_05_stage import MAKE_STAGE
from axialkit.course.lesson import Ablation, Budget, Lesson, Question, Word
from axialkit.course.order_figures import train_long, train_short

LESSON_05 = Lesson(
    key="05",
    title="Blocks and backbones",
    notebook="05_blocks_and_backbones.ipynb",
    minutes=90,
    goals={
        "A": "write the residual block around the two hops",
        "B": "line blocks up into a stage, and read the map of five real backbones",
        "C": "count a backbone's parameters without building it",
        "D": "say where attention can be afforded, and where it cannot",
        "E": "load the authors' weights, and prove that the answers agree",
    },
    exercises=(AXIAL_BLOCK, MAKE_STAGE, COUNT_PARAMS, PLACE_AXIAL, TO_TORCH),
    quiz=(
        Question(
            "What comes right after the sum of branch and shortcut in these blocks?",
            (
                "a ReLU",
                "a batch norm",
                "nothing: the next block activates its own input",
                "a 1x1 convolution",
            ),
            2,
            "The sum is handed on as it is, negative numbers and all. Every block begins with a "
            "ReLU, which feeds both its ways.",
        ),
        Question(
            "In the five published networks, which is the first block that attends?",
            (
                "the first block of stage 4, which brings the map to stride 16",
                "the second block of stage 4, the first that is entered at stride 16",
                "the first block of stage 5",
                "the first block of stage 2",
            ),
            1,
            "The choice uses the stride at which a block is entered. The first block of stage 4 "
            "is entered at stride 8, so it still is a convolution.",
        ),
        Question(
            "What does the x in Axial-SWideRNet-(1, 1, x) multiply?",
            (
                "the channels of all stages",
                "the number of blocks of the stages 2 to 5",
                "the number of attention heads",
                "the size of the images",
            ),
            1,
            "It is the depth; products are cut off to whole numbers, so 3 x 4.5 makes 13. The two "
            "other numbers are the widths of the stem and of the stages.",
        ),
        Question(
            "Attention in all stages of a slim network, on 1025 x 2049 pixels: what is it that "
            "becomes unaffordable first?",
            (
                "the number of parameters",
                "the multiply-adds",
                "the memory for the attention maps",
                "the number of layers",
            ),
            2,
            "Against convolutions, attention from stride 2 on has 1.9 times the parameters (43.8 "
            "against 23.6 million) and 3.3 times the multiply-adds. The memory goes from 0.9 GB to "
            "53.5, nearly all of it maps; from stride 4 on it is 13.8.",
        ),
        Question(
            "One run says 85 % against 73 %. What do you do before you believe it?",
            (
                "report it: 12 points are a lot",
                "train both for longer with the same seed",
                "run both with many other seeds, and look whether the difference stays",
                "choose the larger network",
            ),
            2,
            "Only other seeds tell how much of a difference is luck: here the sign turned with the "
            "very next one.",
        ),
    ),
    words=(
        Word(
            "residual block",
            "A branch of layers and a shortcut around them; the two are summed.",
            code="axialkit.model.blocks.ResidualBlock",
        ),
        Word(
            "shortcut",
            "The way around a branch: the activated input, or a 1x1 convolution of it.",
        ),
        Word(
            "projection",
            "A 1x1 convolution on the shortcut, where channels change.",
        ),
        Word(
            "stage",
            "Blocks in a row, of which the first may halve the map and change the channels.",
            code="axialkit.model.stages.Stage",
        ),
        Word("stem", "The first convolutions of a network, from pixels to features."),
        Word(
            "backbone",
            "Stem and stages: all of a network but its prediction heads.",
            code="axialkit.model.backbone.AxialResNet",
        ),
        Word(
            "output stride",
            "The stride of a backbone's last map; 16 in all five networks.",
        ),
        Word(
            "multiply-add",
            "One multiplication and one addition: the unit in which the work of a layer is told.",
        ),
        Word("bottleneck", "A branch of three convolutions: 1x1, 3x3, 1x1."),
        Word("basic block", "A block whose branch is two 3x3 convolutions."),
        Word("standard error", "How far the mean of some runs is off by luck alone."),
        Word("meta device", "Where torch's tensors have shapes, but no numbers and no memory."),
        Word(
            "stacked decoder",
            "Blocks behind the last stage that go back to finer strides and return.",
            code="axialkit.model.stacked_decoder.StackedDecoder",
        ),
    ),
    ablations=(
        Ablation("order of hops", train_short, seeds=tuple(range(20))),
        Ablation("order of hops, longer", train_long),
    ),
    budgets={
        "five networks": Budget(ci=8.0, learn=8.0, megabytes=200, measured="2026-11"),
        "one seed": Budget(ci=4.0, learn=4.0, megabytes=160, measured="2026-11"),
        "more seeds": Budget(ci=4.0, learn=24.0, megabytes=160, measured="2026-11"),
        "lesson": Budget(ci=25.0, learn=45.0, megabytes=900, measured="2026-11"),
    },
)
