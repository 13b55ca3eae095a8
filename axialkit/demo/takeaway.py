"""What a visitor can take along: files of the view."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from axialkit.data.panoptic_files import write_png
from axialkit.data.resize import resize_label
from axialkit.demo.looking import Look, Question
from axialkit.demo.network import Network, Seen
from axialkit.demo.programs import notebook_cell
from axialkit.demo.tables import segments_of
from axialkit.evaluation.official_files import id_colors, official_ids
from axialkit.evaluation.prediction_files import describe_segments
from axialkit.files import write_json
from axialkit.structures import PanopticResult
from axialkit.visualize.colors import Picture


class Taken(NamedTuple):
    """One view of the page."""

    seen: Seen
    result: PanopticResult
    overlay: Picture
    question: Question
    look: Look
    street: int | None  # number of the drawn street; None for another picture


def write_files(taken: Taken, network: Network, folder: Path) -> list[Path]:
    """Write overlay, segment ids, their JSON, attention and a notebook cell into a folder.

    Ids and JSON have the official form (panopticapi's): id = R + 256 G + 65536 B, at the size of
    the picture.
    """
    name = "picture" if taken.street is None else f"street-{taken.street}"
    overlay, ids = folder / f"{name}_overlay.png", folder / f"{name}_panoptic.png"
    write_png(overlay, taken.overlay)
    panoptic = resize_label(taken.result.panoptic, taken.seen.placement.size)
    write_png(ids, id_colors(official_ids(panoptic)))
    rows = describe_segments(segments_of(taken.seen, taken.result), panoptic.size)
    annotation = {"image_id": name, "file_name": ids.name, "segments_info": rows}
    write_json(ids.with_suffix(".json"), {"annotations": [annotation]})

    attention = folder / f"{name}_attention.npz"
    attention.write_bytes(_attention_bytes(taken))
    cell = folder / f"{name}_cell.py"
    cell.write_text(notebook_cell(network.name, taken.question, taken.street), encoding="utf-8")
    return [overlay, ids, ids.with_suffix(".json"), attention, cell]


def _attention_bytes(taken: Taken) -> bytes:
    """Pack the strips and the map, each summing to 1, with what they are about."""
    found, question = taken.look.attention, taken.question
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        column=found.column,
        row=found.row,
        two_hop=found.two_hop,
        cell=np.array(found.cell),
        pixel=np.array([question.y, question.x]),
        heads=np.array([question.column_head, question.row_head]),
        layer=np.array(found.layer),
        order=np.array(question.order),
        terms=np.array(question.terms),  # content, query position, key position
    )
    return buffer.getvalue()
