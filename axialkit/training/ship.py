"""From a finished run to weights in the package, with the card that says what they are worth.

For maintainers::

    python -m axialkit.training.ship runs/tiny data/minicity tiny
"""

import hashlib
import platform
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from axialkit.config import ExperimentConfig, to_dict
from axialkit.data.minicity import generate
from axialkit.data.minicity_files import read_config
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.files import atomic_path, write_json
from axialkit.model import AxialDeepLab
from axialkit.training.log import read_log
from axialkit.weights.files import WEIGHTS_SUFFIX, save_weights
from axialkit.weights.find import CARD_SUFFIX, SHIPPED, load_config
from axialkit.weights.hub import load_model

PART = 24  # images of val that a test evaluates again


def ship(run: Path | str, root: Path | str, name: str, *, to: Path = SHIPPED) -> dict[str, Any]:
    """Write a run's weights in half precision and their card, as JSON and as Markdown.

    All scores are those of the rounded weights, on the whole val split of ``root``, by the
    official scripts; the card also holds the score on the first few images of val, for tests.

    Raises:
        InputError: the run is not finished, or the official scripts are not installed.
    """
    run, config = Path(run), load_config(run)
    weights = to / f"{name}{WEIGHTS_SUFFIX}"
    save_weights(weights, load_model(run), {"preset": name}, half=True)
    model = load_model(run, weights)
    report = evaluate(NetworkPredictions(model, config, name=name), root)
    official = report.columns()["official"]
    if official["pq"] is None or official["miou"] is None:
        reasons = " ".join(report.notes.values())
        raise InputError(f"No official score to put on the card: {reasons}")
    card = {
        "name": name,
        "weights": {"bytes": weights.stat().st_size, "sha256": _sha256(weights)},
        "data": read_config(Path(root)),
        "training": _training(run, config),
        "date": date.today().isoformat(),
        "pq": round(100 * official["pq"], 1),
        "miou": round(100 * official["miou"], 1),
        "val": report.to_dict(),
        "part": {"images": PART, "pq": _part_score(model, config, root)},
        "config": to_dict(config),
    }
    write_json(to / f"{name}{CARD_SUFFIX}", card)
    with atomic_path(to / f"{name}.md") as temporary:
        temporary.write_text(card_text(card))
    return card


def card_text(card: dict[str, Any]) -> str:
    """Spell a card as Markdown: what it is, how it was made, what it scores, what it cannot do."""
    val, training = card["val"], card["training"]
    official = val["official"]
    groups = [
        f"| all | {_percent(official['pq'])} |",
        f"| things | {_percent(official['things']['pq'])} |",
        f"| stuff | {_percent(official['stuff']['pq'])} |",
    ]
    classes = [
        f"| {name} | {_percent(row['pq'])} | {_percent(row['iou'])} | {row['tp'] + row['fn']} |"
        for name, row in val["per_class"].items()
        if row["tp"] + row["fp"] + row["fn"]
    ]
    cues = [
        f"| {row['kind']}{'' if row['ambiguous'] else ' (also told nearby)'} | {row['objects']} | "
        f"{_percent(row['object_accuracy'])} | {_percent(row['pixel_accuracy'])} |"
        for row in val["far_cues"]
    ]
    lines = [
        f"# Model card: {card['name']}",
        "",
        "Teaching weights, trained on drawn streets (MiniCity) and on nothing else. Photographs "
        "are outside their world: expect nonsense there.",
        "",
        "## How they were made",
        "",
        f"- data: MiniCity {card['data']['scenes']} scenes, seed {card['data']['seed']}, "
        f"{card['data']['size'][0]}x{card['data']['size'][1]}, ambiguity "
        f"{card['data']['ambiguity']}, {card['data']['counts']['train']} images for training",
        f"- recipe: {training['steps']} steps of {training['batch_size']} images, seed "
        f"{training['seed']}; the whole configuration is in `{card['name']}{CARD_SUFFIX}`",
        f"- time: {training['minutes']:.0f} minutes on {training['machine']}, {card['date']}",
        f"- file: {card['weights']['bytes'] / 1e6:.2f} MB, half precision",
        "",
        f"## Scores on val ({val['images']} images of cities not trained on)",
        "",
        "PQ and mIoU by the official cityscapesScripts, in percent.",
        "",
        "| classes | PQ |",
        "|---|---|",
        *groups,
        "",
        f"mIoU: {_percent(card['miou'] / 100)}",
        "",
        "| class | PQ | IoU | true segments |",
        "|---|---|---|---|",
        *classes,
        "",
        "Objects whose class only a far cue tells (chance: 33 % of three, 50 % of two classes):",
        "",
        "| kind | objects | right objects | right pixels |",
        "|---|---|---|---|",
        *cues,
    ]
    return "\n".join(lines) + "\n"


def _training(run: Path, config: ExperimentConfig) -> dict[str, Any]:
    log = read_log(run)
    seconds = sum(line["seconds"] * count for line, count in zip(log, _steps(log), strict=True))
    threads = config.train.threads or torch.get_num_threads()
    return {
        "steps": config.train.steps,
        "batch_size": config.train.batch_size,
        "seed": config.train.seed,
        "minutes": round(seconds / 60, 1),
        "machine": f"{platform.machine()} CPU, {threads} thread{'s' * (threads > 1)}, "
        f"PyTorch {torch.__version__}",
    }


def _steps(log: list[dict[str, Any]]) -> list[int]:
    """How many steps each line of a log stands for."""
    ends = [0, *(line["step"] for line in log)]
    return [end - begin for begin, end in zip(ends, ends[1:], strict=False)]


def _part_score(model: AxialDeepLab, config: ExperimentConfig, root: Path | str) -> float:
    """Score the first images of val, drawn anew: what a test can repeat without a data set."""
    settings = read_config(Path(root))
    with TemporaryDirectory() as folder:
        part = generate(
            Path(folder) / "part",
            scenes=settings["scenes"],
            train=0,
            val=PART,
            test=0,
            seed=settings["seed"],
            progress=False,
        )
        options = EvaluationOptions(official=False, progress=False)
        report = evaluate(NetworkPredictions(model, config), part, options=options)
        return report.quality.scores().all.pq


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    run, root, name = sys.argv[1:]
    print(card_text(ship(run, root, name)))
