"""The command line: ``axialkit COMMAND``. One file per command; here they are put together."""

from axialkit.cli.run import Command, run

COMMANDS = (
    Command("tour", "First steps", "the whole way in ten minutes: data, training, score, pictures"),
    Command("doctor", "First steps", "what works on this machine, and what to do about the rest"),
    Command("progress", "First steps", "how far you are in the course"),
    Command("predict", "Use a network", "segment images: pictures, label files, table of segments"),
    Command("demo", "Use a network", "a web page: drop an image, click a pixel, see its attention"),
    Command("zoo", "Use a network", "all networks: size, published scores, weights at hand"),
    Command("export", "Use a network", "write it for other programs: torch.export or ONNX"),
    Command(
        "weights list", "Weights", "what there is: scores, sizes, what is here", "list_command"
    ),
    Command("weights get", "Weights", "download and convert the authors' weights", "get_command"),
    Command("weights convert", "Weights", "convert those on this disk", "convert_command"),
    Command("data minicity", "Data", "draw MiniCity, the data set without a download"),
    Command(
        "data from-masks",
        "Data",
        "your own images with masks as a data set",
        module="data_from_masks",
    ),
    Command("data check", "Data", "find what is wrong with a data set", module="data_check"),
    Command("data show", "Data", "draw a sample with all its targets", module="data_show"),
    Command("data prepare", "Data", "write the official panoptic files", module="data_prepare"),
    Command("train", "Train your own", "train a preset, with any of its fields changed"),
    Command("evaluate", "Train your own", "score a network or files: PQ, mIoU, AP; a report"),
    Command("submission", "Train your own", "results on the test images for the test server"),
    Command(
        "bench attention", "Measure", "an attention layer by every backend", "attention_command"
    ),
    Command("bench data", "Measure", "training samples: how fast, and why", module="bench_data"),
    Command(
        "bench evaluate",
        "Measure",
        "scoring, beside the official script",
        "evaluate_command",
        "bench_scores",
    ),
    Command("bench demo", "Measure", "the web page under load", "demo_command", "bench_demo"),
    Command("bench model", "Measure", "a whole network, ready for inference", "model_command"),
    Command(
        "bench postprocess",
        "Measure",
        "from heads to a panoptic map",
        "postprocess_command",
        "bench_scores",
    ),
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code (0 fine, 1 failed, 2 bad input, 130 interrupted)."""
    return run(COMMANDS, argv)
