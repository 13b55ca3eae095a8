"""The report as one HTML file with everything in it: no script, no other file, no network."""

import html
import math
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from jaxtyping import UInt8

import axialkit
from axialkit.data.cityscapes import BY_NAME
from axialkit.evaluation.report import EvaluationReport, occurs
from axialkit.evaluation.report_figures import (
    budget_figure,
    confusion_figure,
    histogram_figure,
    ladder_figure,
)
from axialkit.evaluation.report_tables import FEWEST_FOR_BANDS, cue_table, remarks
from axialkit.evaluation.worst import WorstImage
from axialkit.visualize.colors import boundaries, overlay
from axialkit.visualize.panoptic import enlarge
from axialkit.visualize.render import picture_uri

TEMPLATE = Path(__file__).with_name("report.html")
_WIDTH = 560  # pixels of each picture of a street
_COLUMNS = {
    "own": ("own", "axialkit by the official rules"),
    "official": ("official", "the unmodified scripts of cityscapesScripts"),
    "reference": ("reference", "the rules of deeplab2: crowds are void; AP by pycocotools"),
}


def page(report: EvaluationReport, name: str) -> str:
    """Return the report on predictions of that name."""
    columns = report.columns()
    whose = "official" if columns["official"]["pq"] is not None else "own"
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=html.escape(name),
        split=report.split,
        images=len(report.images),
        date=date.today().isoformat(),
        version=axialkit.__version__,
        whose=whose,
        tiles=_tiles(report, columns[whose]),
        table=_table(columns),
        remarks="".join(f"<li>{html.escape(line)}</li>" for line in remarks(report)),
        bars=_bars(report.per_class()),
        budget=budget_figure(report.budget),
        confusion=_confusion(report),
        histograms=histogram_figure(report.images),
        ladder=_ladder(report),
        worst="".join(map(_worst, report.worst)),
        far_cues=_far_cues(report),
    )


def _tiles(report: EvaluationReport, best: dict[str, Any]) -> str:
    bands = report.bands
    tiles = []
    for key, title, words, band in (
        ("pq", "PQ", "panoptic quality: every pixel, every object", bands["all"]),
        ("miou", "mIoU", "the classes of the pixels alone", bands.get("miou")),
        ("ap", "AP", "the things alone, ranked by their scores", None),
    ):
        if (value := best.get(key)) is None:
            continue
        spread = ""
        enough = len(report.images) >= FEWEST_FOR_BANDS
        if enough and band is not None and not math.isnan(band.low):
            spread = f"<span>95 % band: {100 * band.low:.1f} to {100 * band.high:.1f}</span>"
        tiles.append(
            f'<div class="tile"><strong>{_percent(value)}</strong><b>{title}</b>, {words}<br>'
            f"{spread}</div>"
        )
    return "".join(tiles)


def _table(columns: dict[str, dict[str, Any]]) -> str:
    rows = []
    for key, column in columns.items():
        values = [column["pq"], column["sq"], column["rq"], column["things"]["pq"]]
        values += [column["stuff"]["pq"], column["miou"], column.get("ap")]
        title, words = _COLUMNS[key]
        cells = "".join(f"<td>{_percent(value)}</td>" for value in values)
        rows.append(f'<tr><th scope="row"><b>{title}</b><br>{words}</th>{cells}</tr>')
    return "".join(rows)


def _bars(per_class: dict[str, dict[str, Any]]) -> str:
    """Return one bar of PQ per class, with SQ, RQ and counts in words."""
    rows = [(row["pq"], name, row) for name, row in per_class.items() if occurs(row)]
    return "".join(
        f'<div class="bar" role="listitem"><b>{name}</b><div><i style="width:{100 * pq:.1f}%;'
        f'background:{_css(name)}"></i></div><span>{_percent(pq)}</span>'
        f"<small>SQ {_percent(row['sq'])} RQ {_percent(row['rq'])}, {row['tp']} found, "
        f"{row['fn']} not found, {row['fp']} too many</small></div>"
        for pq, name, row in sorted(rows, key=lambda entry: -entry[0])
    )


def _confusion(report: EvaluationReport) -> str:
    if report.iou is None:
        return f"<p>None: {html.escape(report.why_no_semantic)}</p>"
    return confusion_figure(report.iou.counts.sum(axis=0).astype(np.float64))


def _ladder(report: EvaluationReport) -> str:
    if not report.ladder:
        return (
            "<p>Not computed: files of predictions have no heads, and --oracle-images 0 asks for "
            "none.</p>"
        )
    images = sum(image.ladder is not None for image in report.images)
    return f"<p>On {images} of {len(report.images)} images.</p>{ladder_figure(report.ladder)}"


def _far_cues(report: EvaluationReport) -> str:
    """Return a section on MiniCity's far cues, or nothing for other data."""
    if not report.far_cues:
        return ""
    header, rows = cue_table(report)
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th><td>{row[1]}</td>'
        + "".join(f"<td>{_percent(value)}</td>" for value in row[2:])
        + "</tr>"
        for row in rows
    )
    return (
        "<section><h2>Far cues</h2><p>MiniCity's objects whose class only something far away "
        "tells: objects right, their pixels right, and pixels right by distance to the cue.</p>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div></section>"
    )


def _worst(worst: WorstImage) -> str:
    pictures = {
        "image": enlarge(worst.image, long_side=_WIDTH)[0],
        "ground truth": overlay(*enlarge(worst.image, worst.truth, _WIDTH), alpha=0.7),
        "prediction": overlay(*enlarge(worst.image, worst.prediction, _WIDTH), alpha=0.7),
        "matched (blue), wrong (orange stripes), missed (black dots)": _matches(worst),
    }
    cells = "".join(
        f'<figure><img src="{picture_uri(picture, 85)}" alt="{html.escape(worst.name)}: {what}" '
        f'loading="lazy"><figcaption>{what}</figcaption></figure>'
        for what, picture in pictures.items()
    )
    title = f"<h3>{html.escape(worst.name)}: PQ {_percent(worst.pq)}</h3>"
    return f'{title}<div class="four">{cells}</div>'


def _matches(worst: WorstImage) -> UInt8[np.ndarray, "height width 3"]:
    """Paint over a grey picture what was matched, what was wrong and what was missed."""
    shown, prediction = enlarge(worst.image, worst.prediction, _WIDTH)
    masks = (worst.matched, worst.wrong, worst.missed)
    matched, wrong, missed = (
        enlarge(worst.image, mask.astype(np.int32), _WIDTH)[1] == 1 for mask in masks
    )
    grey = shown.mean(axis=2, keepdims=True)
    picture = np.repeat(0.45 * grey + 0.55 * 235, 3, axis=2)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    stripes, dots = (x + y) % 12 < 6, (x % 6 < 3) & (y % 6 < 3)
    picture[matched] = 0.68 * picture[matched] + 0.32 * np.array([0, 114, 178])
    picture[wrong & stripes] = 0.15 * picture[wrong & stripes] + 0.85 * np.array([213, 94, 0])
    picture[missed & dots] = 0
    picture[boundaries(prediction) & (matched | wrong)] = 20
    return picture.round().astype(np.uint8)


def _css(name: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*BY_NAME[name].color)


def _percent(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{100 * value:.1f}"
