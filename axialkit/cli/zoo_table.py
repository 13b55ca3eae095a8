"""The tables behind ``axialkit zoo``."""

from collections.abc import Callable
from typing import Any

from axialkit.cli.tables import table
from axialkit.cli.zoo_facts import giga, zoo_row
from axialkit.config import PRESETS


def print_all() -> list[dict[str, Any]]:
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
