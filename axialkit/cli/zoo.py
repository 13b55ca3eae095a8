"""``axialkit zoo [NAME]``: all networks, or one of them stage by stage."""

from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.files import write_json


@dataclass(frozen=True)
class Arguments:
    """List all networks with their costs and scores, or show one stage by stage.

    Costs are counted from shapes: parameters, moving statistics of batch norms, and multiply-adds
    (G = 1e9) of one image of 1025x2049 pixels: convolutions, qkv products and attention matrices.
    The five published networks come with both columns of the authors' model zoo on Cityscapes
    val: the score of the official script, and that of the authors' own evaluator. The small
    networks are axialkit's own, for MiniCity; their scores are by the official script on its val.

    Examples:
      axialkit zoo
      axialkit zoo max_deeplab_s_backbone
      axialkit zoo --json zoo.json

    Next:
      axialkit weights list           the authors' weights
      axialkit train PRESET           train any of them
    """

    name: Annotated[
        str | None, tyro.conf.Positional, tyro.conf.arg(metavar="NAME", help_behavior_hint="")
    ] = None
    """A preset, or the folder of a run or of weights: show this one only."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""


def command(argv: list[str]) -> int:
    """Print the tables."""
    arguments = parse(Arguments, argv, "zoo")
    if arguments.name is not None:
        from axialkit.cli.zoo_card import print_card

        content: Any = print_card(arguments.name)
    else:
        from axialkit.cli.zoo_table import print_all

        content = print_all()
    if arguments.json is not None:
        write_json(arguments.json, content)
        print(f"Written: {arguments.json}")
    return 0
