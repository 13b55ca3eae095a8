"""The training loop, readable from top to bottom."""

import time
from contextlib import closing
from functools import partial
from pathlib import Path

import torch

from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import list_samples
from axialkit.data.dataset import PanopticDataset, Share, build_loader
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.evaluation.report import EvaluationReport
from axialkit.evaluation.report_tables import text
from axialkit.files import write_json
from axialkit.training.checkpoint import load_checkpoint, save_checkpoint
from axialkit.training.distributed import Processes, is_restarted_by_itself, process_group
from axialkit.training.interrupt import between_steps
from axialkit.training.log import RunLog
from axialkit.training.milestones import evaluate_on_the_way, show_predictions
from axialkit.training.run_folder import EVALUATION_FILE, claim, describe_start
from axialkit.training.schedule import set_learning_rate
from axialkit.training.state import (
    State,
    make_state,
    numbers_of,
    ready_network,
    start_network,
)
from axialkit.training.step import train_step
from axialkit.weights.checkpoints import list_checkpoints, newest_checkpoint, remove_checkpoints
from axialkit.weights.files import WEIGHTS_FILE, save_weights
from axialkit.weights.hub import load_model


def train(
    config: ExperimentConfig,
    root: Path | str,
    out: Path | str,
    *,
    resume: bool = False,
    evaluate_on: str | None = "val",
    progress: bool = True,
) -> Path:
    """Train a network on a Cityscapes folder and keep everything about the run in ``out``.

    ``out`` receives config.json, starts.json (versions and commands), log.jsonl, TensorBoard
    curves (if TensorBoard is installed), checkpoints/ while it runs, weights.safetensors at the
    end and, unless ``evaluate_on`` is None, evaluation.json of that split. With ``resume`` an
    interrupted run goes on, and ends with the same weights as if it had never stopped; a finished
    one returns at once.

    Under torchrun all processes train one network; ``out`` must be one folder for all of them.

    Raises:
        InputError: bad data; ``out`` holds another run, or one and ``resume`` is not set; the
            loss is no longer a finite number; a full disk.
        KeyboardInterrupt: the run was asked to stop; its checkpoint is written.
    """
    out = Path(out)
    with process_group() as processes, numbers_of(config):
        progress = progress and processes.is_main
        check_start(config, root, evaluate_on, processes.world_size)
        dataset = _dataset(config, root)
        if processes.is_main:
            claim(out, config, resume=resume or is_restarted_by_itself())
            describe_start(out, root, processes)
        if processes.from_main((out / WEIGHTS_FILE).exists()):
            if progress:
                print(f"{out} is trained already.")
        else:
            split = evaluate_on if config.train.evaluate_every else None
            _fit(config, dataset, out, processes, evaluate_on=split, progress=progress)
        if evaluate_on and not processes.from_main((out / EVALUATION_FILE).exists()):
            report = _evaluate_finished(out, config, root, evaluate_on, progress=progress)
            if progress:
                print(text(report))
    return out


def evaluate_run(
    out: Path, config: ExperimentConfig, root: Path | str, split: str, *, progress: bool
) -> EvaluationReport:
    """Evaluate a finished run on a split and keep the report in its folder."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    predictions = NetworkPredictions(load_model(out).to(device), config, name=out.name)
    report = evaluate(predictions, root, split, options=EvaluationOptions(progress=progress))
    write_json(out / EVALUATION_FILE, report.to_dict())
    return report


def _evaluate_finished(
    out: Path, config: ExperimentConfig, root: Path | str, split: str, *, progress: bool
) -> EvaluationReport:
    try:
        return evaluate_run(out, config, root, split, progress=progress)
    except InputError as error:
        raise InputError(
            f"{error} The training itself is done, and {out / WEIGHTS_FILE} is written."
        ) from error


def _fit(
    config: ExperimentConfig,
    dataset: PanopticDataset,
    out: Path,
    processes: Processes,
    *,
    evaluate_on: str | None,
    progress: bool,
) -> None:
    """Take all steps that are still missing, then write the weights."""
    settings = config.train
    share = Share(processes.rank, processes.world_size, settings.accumulate)
    state = make_state(config, processes)
    _begin(state, config, out, progress=progress)
    log = RunLog(out, settings, state.step, progress=progress, silent=not processes.is_main)
    batches = build_loader(
        dataset,
        settings.batch_size,
        start_step=state.step,
        workers=settings.workers,
        share=share,
        on_skip=log.skipped,
    )
    score = partial(_evaluate_if_due, state, config, dataset.root, evaluate_on, out, log)
    with closing(log), between_steps() as stop:
        score()  # if the run was interrupted just before
        while state.step < settings.steps:
            began = time.perf_counter()
            rate = set_learning_rate(state.optimizer, state.step, settings)
            report = train_step(state, batches, config, stop=stop.requested)
            state.step += 1
            stopping = report.stop or (processes.world_size == 1 and stop.requested)
            log.step(state.step, report, rate, time.perf_counter() - began)
            if stopping or state.step % settings.checkpoint_every == 0:
                _save(out, state, settings.keep_checkpoints)
            if stopping:
                raise KeyboardInterrupt
            if settings.show_every and state.step % settings.show_every == 0:
                show_predictions(state, config, dataset.root, log)
            score()
    if processes.is_main:
        save_weights(out / WEIGHTS_FILE, state.answers, {"step": str(settings.steps)})
        remove_checkpoints(out)
    processes.wait()


def _begin(state: State, config: ExperimentConfig, out: Path, *, progress: bool) -> None:
    """Go on from the newest whole checkpoint, or start afresh."""
    processes = state.processes
    checkpoint = processes.from_main(newest_checkpoint(out) if processes.is_main else None)
    if checkpoint is None:
        if processes.is_main and list_checkpoints(out):
            raise InputError(
                f"All checkpoints in {out} are damaged. Copy one back, or start again with another "
                "--out."
            )
        said = start_network(state, config)
    else:
        earlier = load_checkpoint(checkpoint, state)
        said = f"Going on after step {state.step} of {config.train.steps}. "
        said += _compare_processes(earlier, processes.world_size, config)
    if said and progress:
        print(said.strip())
    ready_network(state, config)


def _evaluate_if_due(  # noqa: PLR0913
    state: State,
    config: ExperimentConfig,
    root: Path,
    split: str | None,
    out: Path,
    log: RunLog,
) -> None:
    if split and state.step and state.step % config.train.evaluate_every == 0:
        evaluate_on_the_way(state, config, root, split, out, log)


def _compare_processes(earlier: int, now: int, config: ExperimentConfig) -> str:
    """Say what another number of processes means for the run.

    Raises:
        InputError: they normalise by their own images, and would now have more or fewer.
    """
    if earlier == now:
        return ""
    if not config.train.sync_batch_norm:
        raise InputError(
            f"This run was trained by {earlier} processes without synchronised batch norm, and "
            f"there are {now} now: the batch statistics would be of other numbers of images. "
            f"Resume it with {earlier} processes."
        )
    return (
        f"Trained by {earlier} processes so far, {now} from here on: the same images in the same "
        "batches, so the results agree up to rounding."
    )


def _save(out: Path, state: State, keep: int) -> None:
    """Write a checkpoint by the main process.

    Raises:
        InputError: it cannot be written; which one is there is said.
    """
    if not state.processes.is_main:
        return
    try:
        save_checkpoint(out, state, keep)
    except InputError as error:
        newest = newest_checkpoint(out)
        kept = f"{newest} is whole" if newest else "there is no earlier checkpoint"
        raise InputError(
            f"{error} The run has stopped after step {state.step}; {kept}. --resume goes on."
        ) from error


def check_start(
    config: ExperimentConfig, root: Path | str, split: str | None, processes: int
) -> None:
    """Say now, not after days of training, what cannot work: the data, the score, the batch.

    Raises:
        InputError: a split is not there, or not whole; the processes cannot share a batch.
    """
    list_samples(root, "train")
    Share(0, processes, config.train.accumulate).size(config.train.batch_size)
    try:
        if split:
            list_samples(root, split)
    except InputError as error:
        raise InputError(f"{error} Or train without a score at the end: --no-evaluate.") from error


def _dataset(config: ExperimentConfig, root: Path | str) -> PanopticDataset:
    return PanopticDataset(
        root,
        "train",
        config.data,
        training=True,
        stride=config.loss.stride,
        seed=config.train.seed,
    )
