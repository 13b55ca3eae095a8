"""The training loop, readable from top to bottom."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import torch
from torch.optim import Optimizer

from axialkit.config import ExperimentConfig, LossConfig
from axialkit.data.dataset import PanopticDataset, build_loader
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationReport, evaluate
from axialkit.files import write_json
from axialkit.losses import panoptic_losses
from axialkit.model import AxialDeepLab, build_model
from axialkit.structures import LossTerms, Sample, Targets
from axialkit.training.checkpoint import load_checkpoint, save_checkpoint
from axialkit.training.interrupt import between_steps
from axialkit.training.log import RunLog
from axialkit.training.run_folder import EVALUATION_FILE, claim
from axialkit.training.schedule import build_optimizer, clip_gradients, prepare_step
from axialkit.training.start import start_from
from axialkit.weights.files import CHECKPOINT_FILE, WEIGHTS_FILE, save_weights
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

    ``out`` receives config.json, log.jsonl, TensorBoard curves (if TensorBoard is installed),
    checkpoint.safetensors (replaced every ``checkpoint_every`` steps and at an interruption),
    weights.safetensors at the end and, unless ``evaluate_on`` is None, evaluation.json of that
    split. With ``resume`` an interrupted run goes on, and ends with the same weights as if it had
    never stopped; a finished one returns at once.

    Raises:
        InputError: bad data; ``out`` holds another run, or one and ``resume`` is not set; the
            loss is no longer a finite number.
        KeyboardInterrupt: the run was asked to stop; its checkpoint is written.
    """
    out = Path(out)
    dataset = _dataset(config, root)
    claim(out, config, resume=resume)
    if not (out / WEIGHTS_FILE).exists():
        with _threads(config.train.threads):
            _fit(config, dataset, out, progress=progress)
    if evaluate_on is not None and not (out / EVALUATION_FILE).exists():
        report = evaluate_run(out, config, root, evaluate_on, progress=progress)
        if progress:
            print(report.table())
    return out


def evaluate_run(
    out: Path, config: ExperimentConfig, root: Path | str, split: str, *, progress: bool
) -> EvaluationReport:
    """Evaluate a finished run on a split and keep the report in its folder."""
    report = evaluate(load_model(out), config, root, split, progress=progress)
    write_json(out / EVALUATION_FILE, report.to_dict())
    return report


def _fit(config: ExperimentConfig, dataset: PanopticDataset, out: Path, *, progress: bool) -> None:
    """Take all steps that are still missing, then write the weights."""
    settings, checkpoint = config.train, out / CHECKPOINT_FILE
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings.seed)
    model = build_model(config)
    if settings.init_from and not checkpoint.exists():
        report = start_from(model, config)
        if progress:
            print(report.summary())
    model = model.to(device).train()
    optimizer = build_optimizer(model, settings)
    start = load_checkpoint(checkpoint, model, optimizer) if checkpoint.exists() else 0
    batches = build_loader(dataset, settings.batch_size, start_step=start, workers=settings.workers)
    log = RunLog(out, settings, start, progress=progress)
    with closing(log), between_steps() as stop:
        for step in range(start, settings.steps):
            began = time.perf_counter()
            rate = prepare_step(optimizer, step, settings)
            terms = train_step(model, next(batches), optimizer, config.loss, settings.clip_norm)
            log.step(step + 1, terms, rate, time.perf_counter() - began)
            if stop.requested or (step + 1) % settings.checkpoint_every == 0:
                save_checkpoint(checkpoint, step + 1, model, optimizer)
            if stop.requested:
                raise KeyboardInterrupt
    save_weights(out / WEIGHTS_FILE, model, {"step": str(settings.steps)})
    checkpoint.unlink(missing_ok=True)


def train_step(
    model: AxialDeepLab,
    batch: Sample,
    optimizer: Optimizer,
    config: LossConfig,
    clip_norm: float = 0.0,
) -> LossTerms:
    """Move the weights once; return the three weighted loss terms.

    Raises:
        InputError: the loss is not finite; the weights are left as they were.
    """
    device = next(model.parameters()).device
    targets = Targets(*(map_.to(device) for map_ in batch.targets))
    prediction = model(batch.image.to(device), stride=config.stride)
    terms = panoptic_losses(prediction, targets, config)
    total = terms.semantic + terms.center + terms.offset
    if not torch.isfinite(total):
        raise InputError(
            f"The loss is {total.item()}: training has diverged. Lower train.learning-rate, or "
            "set train.clip-norm, and start again."
        )
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    if clip_norm:
        clip_gradients(model.parameters(), clip_norm)
    optimizer.step()
    return LossTerms(*(term.detach() for term in terms))


def _dataset(config: ExperimentConfig, root: Path | str) -> PanopticDataset:
    return PanopticDataset(
        root,
        "train",
        config.data,
        training=True,
        stride=config.loss.stride,
        seed=config.train.seed,
    )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with that many CPU threads for a while; 0 leaves torch's choice."""
    earlier = torch.get_num_threads()
    torch.set_num_threads(count or earlier)
    try:
        yield
    finally:
        torch.set_num_threads(earlier)
