"""An evaluation to read in a terminal, and as CSV for a spreadsheet."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from axialkit.evaluation.far_cues import DISTANCE_BINS
from axialkit.evaluation.report import AGREE, EvaluationReport, occurs

GROUPS = ("all", "things", "stuff")
FEWEST_FOR_BANDS = 10  # images: of fewer, a band says nothing

_NAMES = {
    "own": "own (official rules)",
    "official": "official (their scripts)",
    "reference": "reference (crowd = void)",
}
_WHO = {
    "official pq": "No official PQ",
    "official miou": "No official mIoU",
    "official ap": "No official AP",
    "reference ap": "No reference AP",
}


def text(report: EvaluationReport) -> str:
    """Return the scores in percent, as text of at most 80 columns."""
    rows = report.per_class()
    parts = [
        f"{report.split}, {_images(report)}, predicted and compared in {report.seconds:.0f} s. "
        "All scores in percent.",
        _columns(*_summary(report)),
        "\n".join(remarks(report)),
        _classes(report),
    ]
    if absent := [name for name, row in rows.items() if not occurs(row)]:
        parts.append(f"Neither in these images nor predicted: {', '.join(absent)}.")
    if report.far_cues:
        parts.append("Objects that only a far cue tells, pixels right by distance to the cue:")
        parts.append(_columns(*cue_table(report)))
    return "\n\n".join(part for part in parts if part)


def _images(report: EvaluationReport) -> str:
    return f"{len(report.images)} image{'' if len(report.images) == 1 else 's'}"


def remarks(report: EvaluationReport) -> list[str]:
    """Return sentences on agreement, what is missing and why, and how sure the score is."""
    lines = []
    if not math.isnan(report.difference):
        lines.append(_agreement(report))
    lines += _missing(report.notes)
    if report.official.shims:
        lines.append(
            "For the NumPy here the scripts, unmodified, were given stand-ins: "
            f"{'; '.join(report.official.shims)}."
        )
    if report.ap is not None and report.official.ap is not None:
        lines.append(_two_aps(report.ap.per_class, report.official.ap.per_class))
    band = report.bands["all"]
    if len(report.images) >= FEWEST_FOR_BANDS and not math.isnan(band.low):
        lines.append(
            f"PQ on other images of this kind: {100 * band.low:.1f} to {100 * band.high:.1f} "
            "(95 % band, bootstrap)."
        )
    return lines


def _two_aps(reference: Sequence[float], official: Sequence[float]) -> str:
    counted = [sum(not math.isnan(ap) for ap in column) for column in (official, reference)]
    return (
        f"Official AP leaves out objects below 100 pixels and averages {counted[0]} classes; "
        f"reference AP counts all objects, {counted[1]} classes."
    )


def _missing(notes: dict[str, str]) -> list[str]:
    """Say which scores there are not, one line per reason."""
    grouped: dict[str, list[str]] = {}
    for name, reason in notes.items():
        grouped.setdefault(reason, []).append(name)
    lines = []
    for reason, names in grouped.items():
        if len([name for name in names if name.startswith("official")]) == 3:
            lines.append(f"No official score: {reason}")
        elif "own miou" in names:
            lines.append(f"No mIoU: {reason}")
        else:
            lines += [f"{_WHO[name]}: {reason}" for name in names]
    return lines


def csv_text(report: EvaluationReport) -> str:
    """Return one line per class and group with all three columns, fractions 0..1, as CSV."""
    measures = {
        "own": ("pq", "sq", "rq", "iou"),
        "official": ("pq", "sq", "rq", "iou", "ap"),
        "reference": ("pq", "sq", "rq", "iou", "ap"),
    }
    names = [f"{column}_{measure}" for column, some in measures.items() for measure in some]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["class", "tp", "fp", "fn", *names])
    for name, row in report.per_class().items():
        columns = {"own": row, "official": row["official"], "reference": row["reference"]}
        values = [columns[c].get(measure) for c, some in measures.items() for measure in some]
        writer.writerow([name, row["tp"], row["fp"], row["fn"], *map(_blank, values)])
    for group in GROUPS:
        means = {column: _group(report, column, group) for column in measures}
        values = [means[column].get(m) for column, some in measures.items() for m in some]
        writer.writerow([group, "", "", "", *map(_blank, values)])
    return buffer.getvalue()


def _agreement(report: EvaluationReport) -> str:
    if report.difference < AGREE:
        return "The official scripts and axialkit agree in every class."
    return (
        f"The official scripts and axialkit differ by up to {100 * report.difference:.2g}: the "
        "panoptic files in gtFine do not fit the instanceIds. Delete "
        f"gtFine/cityscapes_panoptic_{report.split}* and evaluate again."
    )


def _summary(report: EvaluationReport) -> tuple[list[str], list[list[Any]]]:
    header = ["", "PQ", "SQ", "RQ", "PQ things", "PQ stuff", "mIoU", "AP"]
    rows = []
    for key, column in report.columns().items():
        groups = column["things"]["pq"], column["stuff"]["pq"]
        row = [column["pq"], column["sq"], column["rq"], *groups, column["miou"], column.get("ap")]
        if any(value is not None for value in row):
            rows.append([_NAMES[key], *row])
    return header, rows


def _classes(report: EvaluationReport) -> str:
    """Lay out both columns, for the groups and for every class that occurs."""
    left = "official" if report.official.panoptic is not None else "own"
    pairs = [
        (name, _group(report, left, name), _group(report, "reference", name)) for name in GROUPS
    ]
    pairs += [
        (name, row.get(left, row), row["reference"])
        for name, row in report.per_class().items()
        if occurs(row)
    ]
    measures = ("pq", "sq", "rq", "iou", "ap")
    rows = [[name, *(part.get(m) for part in parts for m in measures)] for name, *parts in pairs]
    lines = _columns(["", *("PQ", "SQ", "RQ", "IoU", "AP") * 2], rows, gap=" ").splitlines()
    first, second = lines[0].index("PQ"), lines[0].rindex("PQ")
    return "\n".join([f"{'':{first}}{left}".ljust(second) + "reference", *lines])


def _group(report: EvaluationReport, column: str, group: str) -> dict[str, Any]:
    """Return the means of a group; mIoU belongs to all classes, AP to the things."""
    whole = report.columns()[column]
    if group == "all":
        return {**whole, "iou": whole["miou"], "ap": None}
    return {**whole[group], "ap": whole.get("ap") if group == "things" else None}


def cue_table(report: EvaluationReport) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows on the objects that only a far cue tells, scores as fractions."""
    bins = [f"{low}-{high}" for low, high in zip(DISTANCE_BINS, DISTANCE_BINS[1:], strict=False)]
    header = ["kind", "objects", "right", "pixels", *bins, f"{DISTANCE_BINS[-1]}+ px"]
    rows = []
    for score in report.far_cues:
        kind = score.kind if score.ambiguous else f"{score.kind} (also told nearby)"
        accuracies = [score.object_accuracy, score.pixel_accuracy, *score.accuracy_by_distance]
        rows.append([kind, score.objects, *accuracies])
    return header, rows


def _columns(header: list[str], rows: list[list[Any]], gap: str = "  ") -> str:
    """Lay out rows: the first column to the left, fractions as percent, undefined as a dash."""
    cells = [header] + [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        gap.join(
            f"{cell:<{width}}" if index == 0 else f"{cell:>{width}}"
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:  # noqa: ANN401
    if _is_undefined(value):
        return "-"
    return f"{100 * value:.1f}" if isinstance(value, float) else str(value)


def _blank(value: float | None) -> str:
    return "" if _is_undefined(value) else repr(value)


def _is_undefined(value: Any) -> bool:  # noqa: ANN401
    return value is None or (isinstance(value, float) and math.isnan(value))
