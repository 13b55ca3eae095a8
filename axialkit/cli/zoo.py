"""``axialkit zoo [NAME]``: all networks, or one of them stage by stage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.config import PRESETS
from axialkit.files import write_json

FULL_SIZE = (1025, 2049)  # the crop of the published networks, for which costs are compared


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
        content = _print_all()
    if arguments.json is not None:
        write_json(arguments.json, content)
        print(f"Written: {arguments.json}")
    return 0


def zoo_row(name: str) -> dict[str, Any]:
    """Return what is known of one network: costs, scores, where its weights are."""
    from axialkit.model.cost import network_cost
    from axialkit.weights import shipped_names
    from axialkit.weights.zoo import PUBLISHED, read_card

    cost = network_cost(name, FULL_SIZE)
    return {
        "name": name,
        "parameters": cost.total.parameters,
        "statistics": cost.total.statistics,
        "multiply_adds_1025x2049": cost.total.multiply_adds,
        "multiply_adds_used_1025x2049": cost.used.multiply_adds,
        "multiply_adds_attention_1025x2049": cost.total.attention,
        "published": PUBLISHED[name]._asdict() if name in PUBLISHED else None,
        "card": read_card(name) if name in shipped_names() else None,
        "weights": whereabouts(name),
    }


def whereabouts(name: str) -> str:
    """Say where the weights of a preset are, or how to get them."""
    from axialkit.weights import shipped_names
    from axialkit.weights.files import WEIGHTS_FILE
    from axialkit.weights.home import home_folder
    from axialkit.weights.released import CITYSCAPES, find_released, released_names

    if name in shipped_names():
        return "shipped"
    if name not in released_names():
        return "train it"
    released = find_released(name, CITYSCAPES)
    here = (home_folder() / released.folder / WEIGHTS_FILE).is_file()
    return "cached" if here else "get them"


def giga(count: int) -> str:
    """``2717937408432`` -> ``2,717.9``."""
    return f"{count / 1e9:,.1f}"


def _print_all() -> list[dict[str, Any]]:
    """Print one table after the other, each as soon as it is counted."""
    rows = []
    for title, prefixes, columns in _GROUPS:
        group = [zoo_row(name) for name in PRESETS if name.startswith(prefixes)]
        print(f"{title}\n")
        cells = [[cell(row) for cell in columns.values()] for row in group]
        print(table(list(columns), cells), end="\n\n", flush=True)
        rows += group
    print("GMAC: 1e9 multiply-adds of one image of 1025x2049, counted from shapes")
    print("[*] official cityscapesScripts   [**] the authors' own evaluator")
    print("max_deeplab_l_backbone: 717.3 GMAC are in a decoder that no head reads, and are skipped")
    print("Next: axialkit zoo NAME shows one of them stage by stage")
    return rows


def _scores(row: dict[str, Any], names: tuple[str, ...], digits: int) -> str:
    return " / ".join(f"{row['published'][name]:.{digits}f}" for name in names)


_OFFICIAL = ("pq_official", "miou_official")
_AUTHORS = ("pq_authors", "miou_authors", "ap_mask_authors")
Columns = dict[str, Callable[[dict[str, Any]], Any]]
_COSTS: Columns = {
    "preset": lambda row: row["name"],
    "parameters": lambda row: f"{row['parameters']:,}",
    "BN stats": lambda row: f"{row['statistics']:,}",
    "GMAC": lambda row: giga(row["multiply_adds_1025x2049"]),
}
_PUBLISHED_COLUMNS = _COSTS | {
    "PQ / mIoU [*]": lambda row: _scores(row, _OFFICIAL, 1),
    "PQ / mIoU / AP [**]": lambda row: _scores(row, _AUTHORS, 2),
}
_OTHER_COLUMNS = _COSTS | {"weights": lambda row: row["weights"]}
_SMALL_COLUMNS = _COSTS | {
    "PQ [*]": lambda row: (row["card"] or {}).get("pq"),
    "mIoU [*]": lambda row: (row["card"] or {}).get("miou"),
    "weights": lambda row: row["weights"],
}
_GROUPS: tuple[tuple[str, tuple[str, ...], Columns], ...] = (
    (
        "The published networks (scores on Cityscapes val, published by the authors)",
        ("axial_swidernet", "max_deeplab"),
        _PUBLISHED_COLUMNS,
    ),
    (
        "Attention in every stage (the ECCV 2020 paper)",
        ("axial_resnet", "axial_deeplab"),
        _OTHER_COLUMNS,
    ),
    (
        "Convolution only, under the same heads",
        ("resnet", "wide_resnet", "swidernet"),
        _OTHER_COLUMNS,
    ),
    (
        "The small networks (scores on MiniCity val, measured by axialkit)",
        ("tiny",),
        _SMALL_COLUMNS,
    ),
)
