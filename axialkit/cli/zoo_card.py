"""``axialkit zoo NAME``: one network stage by stage."""

from typing import Any

from axialkit.cli.tables import table
from axialkit.cli.zoo_facts import FULL_SIZE, giga, whereabouts
from axialkit.config import PRESETS, ExperimentConfig
from axialkit.model.cost import NOTHING, Cost, NetworkCost, network_cost
from axialkit.model.stages import Stage, Table
from axialkit.model.tables import backbone_table
from axialkit.weights import load_config
from axialkit.weights.zoo import PUBLISHED

HEADER = ["part", "stride", "block", "blocks", "channels", "heads", "keys/values"]
HEADER += ["parameters", "GMAC"]


def print_card(name: str) -> dict[str, Any]:
    """Print the stages of a preset, run folder or folder of weights; return them as numbers.

    Raises:
        InputError: there is no such network.
    """
    config = load_config(name)
    cost = network_cost(config, FULL_SIZE)
    rows = card_rows(config, cost)
    print(f"{name}: backbone {config.backbone.kind}, decoder {config.decoder.kind}\n")
    print(table(HEADER, [_cells(row) for row in rows]))
    print()
    print("\n".join(_remarks(name, config, cost)))
    return {"name": name, "parts": rows, **_totals(cost)}


def card_rows(config: ExperimentConfig, cost: NetworkCost) -> list[dict[str, Any]]:
    """Return one dict per run of equal blocks, then decoder and heads."""
    layout = backbone_table(config.backbone)
    rows = [_stem_row(layout, cost), *_stage_rows(layout, cost)]
    for number, step in enumerate(layout.stacked_decoder, 1):
        part = cost.modules[f"backbone.stacked_decoder.step{number}"]
        about = _block_facts(step.block, layout, step.channels)
        rows.append({"part": f"unread {number}", "stride": step.stride, **about, **_numbers(part)})
    rows.append({"part": "decoder, heads", **_numbers(cost.modules["decoder"])})
    return rows


def _stem_row(layout: Table, cost: NetworkCost) -> dict[str, Any]:
    kernels = " ".join(f"{kernel}x{kernel}" for kernel, _ in layout.stem) or "none"
    channels = " > ".join(str(c) for c in (3, *(channels for _, channels in layout.stem)))
    about = {"part": "stem", "stride": 2 if layout.stem else 1, "block": kernels}
    return {**about, "blocks": 1, "channels": channels, **_numbers(cost.modules["backbone.stem"])}


def _stage_rows(layout: Table, cost: NetworkCost) -> list[dict[str, Any]]:
    rows, done = [], {row.number: 0 for row in layout.stages}
    channels, stride = (layout.stem[-1][1] if layout.stem else 3), 2 if layout.stem else 1
    for row in layout.stages:
        stride *= row.stride
        name = f"backbone.stages.stage{row.number}"
        blocks = range(done[row.number] + 1, done[row.number] + row.depth + 1)
        part = sum((cost.modules[f"{name}.block{i}"] for i in blocks), start=NOTHING)
        if row.positions != "none":
            part += cost.modules[f"{name}.positions"]
        done[row.number] += row.depth
        about = _block_facts(row, layout, channels)
        rows.append({"part": f"stage {row.number}", "stride": stride, **about, **_numbers(part)})
        channels = row.filters[-1]
    return rows


def _block_facts(row: Stage, layout: Table, channels: int) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "block": f"{row.block} SAC" if row.switchable else row.block,
        "blocks": row.depth,
        "channels": " > ".join(str(c) for c in (channels, *_inner(row), row.filters[-1])),
    }
    if row.block in ("axial", "global"):
        keys, values = (row.filters[1] * factor for factor in layout.expansion)
        facts |= {"heads": layout.heads, "keys/values": f"{keys}/{values}"}
    return facts


def _inner(row: Stage) -> tuple[int, ...]:
    """Channels between the two ends of a block."""
    return row.filters[:1] if row.block in ("axial", "global") else row.filters[:-1]


def _numbers(cost: Cost) -> dict[str, int]:
    return {
        "parameters": cost.parameters,
        "statistics": cost.statistics,
        "multiply_adds_1025x2049": cost.multiply_adds,
    }


def _totals(cost: NetworkCost) -> dict[str, int]:
    used = {"multiply_adds_used_1025x2049": cost.used.multiply_adds}
    attention = {"multiply_adds_attention_1025x2049": cost.total.attention}
    return {**_numbers(cost.total), **used, **attention}


def _cells(row: dict[str, Any]) -> list[Any]:
    known = [row.get(name, "") for name in HEADER[:-2]]
    return [*known, f"{row['parameters']:,}", giga(row["multiply_adds_1025x2049"])]


def _remarks(name: str, config: ExperimentConfig, cost: NetworkCost) -> list[str]:
    total = cost.total
    backbone = config.backbone
    lines = [
        f"In all: {total.parameters:,} parameters, {total.statistics:,} batch norm statistics, "
        f"{giga(total.multiply_adds)} GMAC\n"
        f"  at 1025x2049 ({giga(total.attention)} of them in attention matrices)",
        f"Drop path: keeps {backbone.drop_path_keep:g} of the last stage's branches "
        f"({backbone.drop_path_schedule})",
    ]
    if cost.unread != NOTHING:
        lines.append(
            f"The rows marked unread ({giga(cost.unread.multiply_adds)} GMAC) end in a feature "
            "that no head reads:\n  a prediction skips them, an ImageNet classifier does not"
        )
    if name in PUBLISHED:
        score = PUBLISHED[name]
        lines.append(
            f"Published on Cityscapes val: PQ {score.pq_official}, mIoU {score.miou_official} "
            f"(official script);\n  PQ {score.pq_authors}, mIoU {score.miou_authors}, AP "
            f"{score.ap_mask_authors} (the authors' evaluator)"
        )
    if name in PRESETS:
        lines.append(f"Weights: {_weights(name)}")
    return lines


def _weights(name: str) -> str:
    place = whereabouts(name)
    if place == "get them":
        return f"axialkit weights get {name}"
    return f"axialkit train {name}" if place == "train it" else place
