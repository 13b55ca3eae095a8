"""What happens every so often on the way: evaluations, the best weights, pictures."""

import json
import math
from pathlib import Path
from typing import Any

from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import SamplePaths, list_samples
from axialkit.data.dataset import read_pair
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.inference import segment
from axialkit.training.log import RunLog, read_lines, write_lines
from axialkit.training.state import State
from axialkit.weights.files import save_weights

EVALUATIONS_FILE = "evaluations.jsonl"
BEST_FILE = "best.safetensors"
_PICTURES = 2  # of val, in TensorBoard


def evaluate_on_the_way(
    state: State,
    config: ExperimentConfig,
    root: Path,
    split: str,
    out: Path,
    log: RunLog,
) -> None:
    """Score the network on a split, by all processes together; keep the best weights so far.

    A line in evaluations.jsonl holds step, pq and miou, as fractions 0..1; best.safetensors holds
    the weights with the highest PQ. A step that has its line, from before an interruption, is not
    scored again.
    """
    lines = read_evaluations(out)
    if state.processes.from_main(state.step in {line["step"] for line in lines}):
        return
    predictions = NetworkPredictions(state.answers, config)
    options = EvaluationOptions(official=False, progress=False)
    report = evaluate(predictions, root, split, options=options)
    if not state.processes.is_main:
        return
    own = report.columns()["own"]
    scores = {"pq": own["pq"], "miou": own["miou"]}
    best = max((_finite(line["pq"]) for line in lines), default=-math.inf)
    if _finite(scores["pq"]) > best:
        told = {"step": str(state.step), "scores": json.dumps(scores)}
        save_weights(out / BEST_FILE, state.answers, told)
    write_lines(out / EVALUATIONS_FILE, [*lines, {"step": state.step, **scores}])
    log.scores(state.step, scores)


def read_evaluations(out: Path) -> list[dict[str, Any]]:
    """Read the evaluations of a run so far."""
    return read_lines(out / EVALUATIONS_FILE)


def show_predictions(state: State, config: ExperimentConfig, root: Path, log: RunLog) -> None:
    """Give TensorBoard a few images of val with their truth and the prediction."""
    if log.board is None:
        return
    # matplotlib loads slowly, and most processes of a run draw nothing
    from axialkit.visualize.panoptic import draw_prediction
    from axialkit.visualize.render import render

    for number, sample in enumerate(_validation(root)):
        image, truth = read_pair(sample)
        result = segment(state.answers, image, config)
        figure = draw_prediction(image, result.panoptic, truth=truth, title=sample.name)
        log.board.add_image(f"predictions/{number}", render(figure), state.step, dataformats="HWC")


def _validation(root: Path) -> list[SamplePaths]:
    try:
        return list_samples(root, "val")[:_PICTURES]
    except InputError:  # a data set without val has no pictures
        return []


def _finite(score: float | None) -> float:
    return -math.inf if score is None or not math.isfinite(score) else score
