"""The page at the end of the tour: one HTML file with everything in it."""

import html
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

import axialkit
from axialkit.cli.tour_attention import avenue_section, largest_thing, look
from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import (
    BY_NAME,
    TRAIN_CLASSES,
    SamplePaths,
    list_samples,
    panoptic_label,
    read_instance_ids,
)
from axialkit.data.images import read_rgb
from axialkit.files import atomic_path, read_json
from axialkit.inference import segment
from axialkit.model import AxialDeepLab
from axialkit.structures import IGNORE_CLASS
from axialkit.training.log import read_log
from axialkit.training.run_folder import EVALUATION_FILE
from axialkit.visualize.colors import Picture, overlay
from axialkit.visualize.panoptic import Labels, class_areas, enlarge
from axialkit.visualize.render import picture_uri, svg
from axialkit.weights import load_config, load_model

TEMPLATE = Path(__file__).with_name("tour.html")
SCENES = 3
WIDTH = 768  # pixels of each picture of a street


class Street(NamedTuple):
    """One validation scene with its truth and the network's answer."""

    image: Picture
    truth: Labels
    answer: Labels


def write_page(path: Path, run: Path, root: Path) -> None:
    """Write the page about a finished and evaluated run."""
    config, model = load_config(run), load_model(run)
    samples = list_samples(root, "val")
    streets = [_street(model, config, sample) for sample in _even(samples, SCENES)]
    facts = {
        **_training_facts(config, model, run, len(list_samples(root, "train"))),
        **_score_facts(read_json(run / EVALUATION_FILE)),
        **_pictures(streets),
        **_attention(model, config, streets[0]),
        "avenue": avenue_section(),
        "run": html.escape(str(run)),
        "root": html.escape(str(root)),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(Template(TEMPLATE.read_text()).substitute(facts))


def _street(model: AxialDeepLab, config: ExperimentConfig, sample: SamplePaths) -> Street:
    image = read_rgb(sample.image)
    truth = panoptic_label(read_instance_ids(sample.instance_ids))
    return Street(image, truth, segment(model, image, config).panoptic)


def _even(samples: list[SamplePaths], count: int) -> list[SamplePaths]:
    """Take samples from the middle of ``count`` equal parts."""
    count = min(count, len(samples))
    return [samples[(2 * part + 1) * len(samples) // (2 * count)] for part in range(count)]


def _training_facts(
    config: ExperimentConfig, model: AxialDeepLab, run: Path, images: int
) -> dict[str, str]:
    log = read_log(run)
    steps = np.diff([0, *(line["step"] for line in log)])
    seconds = float((steps * [line["seconds"] for line in log]).sum())
    return {
        "minutes": f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds",
        "parameters": f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} million",
        "images": str(images),
        "steps": str(config.train.steps),
        "seed": str(config.train.seed),
        "preset": config.backbone.kind,
        "version": axialkit.__version__,
        "torch": torch.__version__,
        "loss_curve": loss_curve(log),
    }


def loss_curve(log: list[dict[str, Any]]) -> str:
    """Draw the three loss terms over the steps as SVG, each named at its end."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    axes = figure.subplots()
    steps = [line["step"] for line in log]
    looks = {"semantic": ("#5a2ca0", "-"), "center": ("#b4530a", "--"), "offset": ("#0b6e75", ":")}
    for name, (color, style) in looks.items():
        values = [line[name] for line in log]
        axes.plot(steps, values, style, color=color, lw=2, label=name)
    axes.set(xlabel="training step", ylabel="loss (log scale)", yscale="log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    axes.legend(frameon=False)
    return svg(figure, "The three loss terms over the training steps")


def _score_facts(report: dict[str, Any]) -> dict[str, str]:
    scores, own = report["official"], report["own"]
    scorer = "by the unmodified official scripts of cityscapesScripts"
    if scores["pq"] is None:
        scorer = f"by axialkit itself (no official score: {report['notes']['official pq']})"
        scores = own
    return {
        "val_images": str(report["images"]),
        "scorer": html.escape(scorer),
        "miou": _percent(scores["miou"] or own["miou"]),
        "bars": class_bars(report["per_class"]),
        **{name: _percent(scores[name]) for name in ("pq", "sq", "rq")},
    }


def class_bars(per_class: dict[str, dict[str, Any]]) -> str:
    """Return one bar of PQ per class that occurs, best first."""
    occurring = [
        (row["pq"], name)
        for name, row in per_class.items()
        if row["tp"] + row["fp"] + row["fn"] > 0
    ]
    return "".join(
        f'<div class="bar" role="listitem"><b>{name}</b><div><i style="width:{100 * pq:.1f}%;'
        f'background:{_css(BY_NAME[name].color)}"></i></div><span>{_percent(pq)}</span></div>'
        for pq, name in sorted(occurring, reverse=True)
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _pictures(streets: list[Street]) -> dict[str, str]:
    hero = streets[0]
    rows = "".join(
        f'<figure><img src="{picture_uri(picture)}" alt="{alt}"><figcaption>{alt}</figcaption>'
        "</figure>"
        for street in streets
        for picture, alt in (
            (enlarge(street.image, long_side=WIDTH)[0], "picture"),
            (_painted(street.image, street.truth), "ground truth"),
            (_painted(street.image, street.answer), "the network"),
        )
    )
    return {
        "hero_image": picture_uri(enlarge(hero.image, long_side=2 * WIDTH)[0]),
        "hero_answer": picture_uri(_painted(hero.image, hero.answer, 2 * WIDTH, alpha=0.85)),
        "legend": legend([street.answer for street in streets]),
        "rows": rows,
    }


def _attention(model: AxialDeepLab, config: ExperimentConfig, street: Street) -> dict[str, str]:
    name, at = largest_thing(street.answer)
    shown = look(model, config, street.image, at)
    return {"attention": shown.picture, "attention_words": html.escape(shown.words), "asked": name}


def _painted(
    image: Picture, labels: Labels, width_out: int = WIDTH, alpha: float = 0.7
) -> UInt8[np.ndarray, "new_height new_width 3"]:
    return overlay(*enlarge(image, labels, long_side=width_out), alpha=alpha)


def legend(answers: list[Labels]) -> str:
    """Return list items with color and name of every class that occurs, largest first."""
    rows = class_areas(np.concatenate([answer.ravel() for answer in answers])[None])
    return "".join(
        f'<li><i style="background:{_css(_color(row[0]))}"></i>{_name(row[0])}</li>' for row in rows
    )


def _name(train_id: int) -> str:
    return "no answer" if train_id == IGNORE_CLASS else TRAIN_CLASSES[train_id].name


def _color(train_id: int) -> tuple[int, int, int]:
    return (0, 0, 0) if train_id == IGNORE_CLASS else TRAIN_CLASSES[train_id].color


def _css(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
