"""The table behind ``axialkit weights list``."""

from pathlib import Path
from typing import Any

import torch

from axialkit.cli.tables import table
from axialkit.model import build_model
from axialkit.weights import released, shipped_names
from axialkit.weights.download import in_words
from axialkit.weights.files import WEIGHTS_FILE, WEIGHTS_SUFFIX
from axialkit.weights.find import SHIPPED
from axialkit.weights.home import home_folder
from axialkit.weights.released import CITYSCAPES, Released
from axialkit.weights.zoo import PUBLISHED, read_card

SCORES = ("pq_official", "miou_official", "pq_authors", "miou_authors", "ap_mask_authors")


def weights_rows() -> list[dict[str, Any]]:
    """Return one dict per released archive and shipped file."""
    return [*map(_released_row, released.RELEASED), *map(_shipped_row, shipped_names())]


def _released_row(archive: Released) -> dict[str, Any]:
    whole = archive.kind == CITYSCAPES
    published = PUBLISHED.get(archive.preset) if whole else None
    scores = published._asdict() if published else {}
    path = home_folder() / archive.folder / WEIGHTS_FILE
    return {
        "name": archive.preset,
        "kind": archive.kind,
        "here": "cached" if path.is_file() else None,
        **_size(archive.preset, path, whole=whole),
        **{name: scores.get(name) for name in SCORES},
        "from": archive.url,
    }


def _shipped_row(name: str) -> dict[str, Any]:
    card = read_card(name)
    path = SHIPPED / f"{name}{WEIGHTS_SUFFIX}"
    return {
        "name": name,
        "kind": "minicity",
        "here": "shipped",
        **_size(name, path, whole=True),
        **dict.fromkeys(SCORES),
        "pq_official": card["pq"],
        "miou_official": card["miou"],
        "from": None,
    }


def _size(preset: str, path: Path, *, whole: bool) -> dict[str, Any]:
    with torch.device("meta"):  # shapes without memory
        model = build_model(preset)
    counted = model if whole else model.backbone
    return {
        "parameters": sum(parameter.numel() for parameter in counted.parameters()),
        "bytes": path.stat().st_size if path.is_file() else None,
        "path": str(path) if path.is_file() else None,
    }


def weights_table(rows: list[dict[str, Any]]) -> str:
    """Lay the rows out for people."""
    header = ["name", "kind", "here", "size", "parameters", "PQ [*]", "mIoU [*]"]
    header += ["PQ [**]", "mIoU [**]", "AP [**]"]
    lines = []
    for row in rows:
        size = in_words(row["bytes"]) if row["bytes"] else None
        official, authors = [row[name] for name in SCORES[:2]], [row[name] for name in SCORES[2:]]
        authors = [None if score is None else f"{score:.2f}" for score in authors]
        millions = f"{row['parameters'] / 1e6:.2f} M"
        lines.append([row["name"], row["kind"], row["here"], size, millions, *official, *authors])
    return table(header, lines)
