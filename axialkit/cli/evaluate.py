"""``axialkit evaluate NAME_OR_RUN``: PQ and mIoU, our own and the official script's."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalCount, OptionalFolder, OptionalPath, parse
from axialkit.cli.roots import default_root
from axialkit.errors import InputError
from axialkit.files import write_json


@dataclass(frozen=True)
class Arguments:
    """Score a network on a data set: PQ, SQ, RQ and mIoU, overall and per class.

    Three lines: the official scripts of cityscapesScripts, unmodified, on files in their form;
    axialkit's own evaluation by the same rules; and by those of the networks' authors, who take
    crowds (groups that nobody separated) out of the ground truth.

    Examples:
      axialkit evaluate tiny                          the shipped weights on MiniCity val
      axialkit evaluate runs/tiny --json score.json
      axialkit evaluate runs/tiny --weights runs/tiny/best.safetensors
      axialkit evaluate runs/tiny --limit 20          the first 20 images only
      axialkit evaluate runs/tiny --out results       keep the files given to the official script

    Next:
      axialkit predict NAME_OR_RUN IMAGE
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME_OR_RUN")]
    """A preset with weights (axialkit weights list), or the folder of a run or of weights."""
    data: Annotated[OptionalFolder, tyro.conf.arg(name="data", metavar="ROOT")] = None
    """Folder that holds leftImg8bit and gtFine; by default the data set the network is made for."""
    split: str = "val"
    """train, val or test."""
    limit: OptionalCount = None
    """Only the first N images."""
    json: OptionalPath = None
    """Also write all scores to this JSON file."""
    weights: OptionalPath = None
    """Weights of the same network to score instead, such as RUN/best.safetensors."""
    out: OptionalFolder = None
    """Keep the predictions here, in the official form (PNG and JSON)."""

    def __post_init__(self) -> None:
        """Reject an empty evaluation."""
        if self.limit is not None and self.limit < 1:
            raise InputError(f"--limit must be at least 1 image, got {self.limit}.")


def command(argv: list[str]) -> int:
    """Print the scores."""
    arguments = parse(Arguments, argv, "evaluate")
    from axialkit.evaluation.evaluate import evaluate
    from axialkit.weights import load_config, load_model

    config = load_config(arguments.model)
    root = arguments.data or default_root(config)
    report = evaluate(
        load_model(arguments.model, arguments.weights),
        config,
        root,
        arguments.split,
        limit=arguments.limit,
        out=arguments.out,
    )
    print(report.table())
    if arguments.json is not None:
        write_json(arguments.json, report.to_dict())
        print(f"Written: {arguments.json}")
    return 0
