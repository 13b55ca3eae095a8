"""``axialkit zoo``: every network, its size, its scores, and whether its weights are here."""

from dataclasses import dataclass
from typing import Any

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.config import PRESETS
from axialkit.files import write_json


@dataclass(frozen=True)
class Arguments:
    """List all networks: parameters, scores, and which weights are at hand.

    The five published networks come with both columns of the authors' model zoo on Cityscapes
    val: the score of the official script, and that of the authors' own evaluator. The small
    networks are axialkit's own, for MiniCity; their scores are by the official script on its val.

    Examples:
      axialkit zoo
      axialkit zoo --json zoo.json

    Next:
      axialkit predict tiny IMAGE     use shipped weights
      axialkit train PRESET           train any of them
    """

    json: OptionalPath = None
    """Also write the table to this JSON file."""


def command(argv: list[str]) -> int:
    """Print both tables."""
    arguments = parse(Arguments, argv, "zoo")
    rows = zoo_rows()
    print("The published networks (scores on Cityscapes val, published by the authors)\n")
    print(_published_table(rows))
    print("\nThe small networks (scores on MiniCity val, measured by axialkit)\n")
    print(_small_table(rows))
    print("\n[*] official cityscapesScripts   [**] the authors' own evaluator")
    print("Weights marked as shipped load at once: axialkit predict tiny IMAGE")
    if arguments.json is not None:
        write_json(arguments.json, rows)
        print(f"Written: {arguments.json}")
    return 0


def zoo_rows() -> list[dict[str, Any]]:
    """Return one dict per network: preset, parameters, published and measured scores, weights."""
    from axialkit.weights import shipped_names
    from axialkit.weights.zoo import PUBLISHED, read_card

    shipped = shipped_names()
    return [
        {
            "preset": name,
            "parameters": _parameters(name) if name in PRESETS else None,
            "published": PUBLISHED[name]._asdict() if name in PUBLISHED else None,
            "card": read_card(name) if name in shipped else None,
            "weights": _whereabouts(name, shipped),
        }
        for name in [*PRESETS, *(name for name in PUBLISHED if name not in PRESETS)]
    ]


def _parameters(name: str) -> int:
    import torch

    from axialkit.model import build_model

    with torch.device("meta"):  # shapes without memory: the largest network is over 2 GB
        return sum(parameter.numel() for parameter in build_model(name).parameters())


def _whereabouts(name: str, shipped: list[str]) -> str:
    if name in shipped:
        return "shipped"
    return "train it" if name in PRESETS else "not built yet"


def _published_table(rows: list[dict[str, Any]]) -> str:
    header = ["preset", "parameters", "PQ [*]", "mIoU [*]", "PQ [**]", "mIoU [**]", "AP [**]"]
    lines = []
    for row in rows:
        if row["published"]:
            _, *scores = row["published"].values()
            official, authors = scores[:2], [f"{score:.2f}" for score in scores[2:]]
            lines.append([row["preset"], _millions(row["parameters"]), *official, *authors])
    return table(header, lines)


def _small_table(rows: list[dict[str, Any]]) -> str:
    header = ["preset", "parameters", "PQ [*]", "mIoU [*]", "weights"]
    lines = []
    for row in rows:
        if row["published"] is None:
            card = row["card"] or {}
            scores = [card.get("pq"), card.get("miou")]
            lines.append([row["preset"], _millions(row["parameters"]), *scores, row["weights"]])
    return table(header, lines)


def _millions(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.2f} M"
