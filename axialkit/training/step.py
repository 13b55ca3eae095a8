"""One step: from a batch of images to moved weights."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from axialkit.config import ExperimentConfig, TrainConfig
from axialkit.data.dataset import Share
from axialkit.errors import InputError
from axialkit.losses import panoptic_losses
from axialkit.model.blocks import set_sample_keys
from axialkit.structures import LossTerms, Prediction, Sample, Targets
from axialkit.training.schedule import clip_gradients
from axialkit.training.state import DTYPES, State


class StepReport(NamedTuple):
    """What a step has to tell; the same in all processes but for ``waited``."""

    terms: list[float]  # weighted semantic, center, offset, of the whole batch
    gradient_norm: float  # before clipping
    waited: float  # seconds without data
    moved: bool  # False: left out, because something was not finite
    stop: bool  # somebody has asked one of the processes to stop


def train_step(
    state: State, batches: Iterator[Sample], config: ExperimentConfig, *, stop: bool = False
) -> StepReport:
    """Take the next batch, in one piece or several, and move the weights once.

    Raises:
        InputError: the loss or a gradient is not finite, once more than ``skip_bad_losses`` times;
            the weights are left as they were.
    """
    settings, processes = config.train, state.processes
    share = Share(processes.rank, processes.world_size, settings.accumulate)
    torch.manual_seed(_seed(settings.seed, state.step, processes.rank))  # of dropout
    statistics = _copies(state.model) if settings.skip_bad_losses else {}
    state.optimizer.zero_grad(set_to_none=True)
    means, waited = np.zeros(3), 0.0
    for piece in range(settings.accumulate):
        began = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - began
        keys = sample_keys(state.step, piece, share, settings)
        set_sample_keys(state.model, keys.to(processes.device))
        with _adding_up(state.network, last=piece == settings.accumulate - 1):
            terms = losses(state, batch, config)
            total = (terms.semantic + terms.center + terms.offset) / settings.accumulate
            bad, stops, *sums = processes.total(_numbers(terms, stop=stop))
            means += np.array(sums) / (processes.world_size * settings.accumulate)
            if bad:
                return _leave_out(state, settings, statistics, "loss", means, waited, stops > 0)
            state.scaler.scale(total).backward()
    norm = _gradient_norm(state, settings)
    if not np.isfinite(norm) and not state.scaler.is_enabled():
        return _leave_out(state, settings, statistics, "gradient", means, waited, stops > 0)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    if state.average is not None:
        state.average.update_parameters(state.model)
    return StepReport(means.tolist(), norm, waited, True, stops > 0)


def losses(state: State, batch: Sample, config: ExperimentConfig) -> LossTerms:
    """Compute the three weighted terms of a piece of a batch; no term in half precision."""
    device, settings = state.processes.device, config.train
    images = batch.image.to(device, non_blocking=True)
    targets = Targets(*(map_.to(device, non_blocking=True) for map_ in batch.targets))
    mixed = settings.precision in ("bfloat16", "float16")
    with torch.autocast(device.type, DTYPES[settings.precision], enabled=mixed):
        prediction = state.network(images, stride=config.loss.stride)
    if mixed:
        prediction = Prediction(*(head.float() for head in prediction))
    return panoptic_losses(prediction, targets, config.loss)


def sample_keys(
    step: int, piece: int, share: Share, settings: TrainConfig
) -> Int64[Tensor, " batch"]:
    """Return a key for every sample of a piece: where it stands in the endless stream of all."""
    size = share.size(settings.batch_size)
    first = step * settings.batch_size + (piece * share.processes + share.rank) * size
    keys = torch.arange(first, first + size, dtype=torch.int64)
    return keys * 65_537 + settings.seed * 2**40  # the layers' numbers are added to it


def _numbers(terms: LossTerms, *, stop: bool) -> list[float]:
    values = [float(term.detach()) for term in terms]
    return [float(not np.isfinite(values).all()), float(stop), *values]


def _adding_up(network: nn.Module, *, last: bool) -> AbstractContextManager:
    """Let the processes exchange gradients in the last piece of a batch only."""
    if isinstance(network, DistributedDataParallel) and not last:
        return network.no_sync()
    return nullcontext()


def _gradient_norm(state: State, settings: TrainConfig) -> float:
    """Clip the gradients, if wanted; return their norm before."""
    if state.scaler.is_enabled():
        state.scaler.unscale_(state.optimizer)
    if settings.clip_norm:
        return float(clip_gradients(state.model.parameters(), settings.clip_norm))
    gradients = [weight.grad for weight in state.model.parameters() if weight.grad is not None]
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))))


def _leave_out(
    state: State,
    settings: TrainConfig,
    statistics: dict[str, Tensor],
    what: str,
    means: np.ndarray,
    waited: float,
    stop: bool,
) -> StepReport:
    """Forget a step that would spoil the weights, or stop the run."""
    if state.bad_losses >= settings.skip_bad_losses:
        more = f"again, after {state.bad_losses} steps left out" if state.bad_losses else "here"
        raise InputError(
            f"The {what} of step {state.step + 1} is not a finite number ({more}; loss terms "
            f"{', '.join(f'{mean:.4g}' for mean in means)}): training has diverged. Start again in "
            f"another --out with a lower train.learning-rate (now {settings.learning_rate:g}) or "
            f"train.clip-norm (now {settings.clip_norm:g}, 0 = none). Single steps can be left "
            "out, at --resume too, by --train.skip-bad-losses."
        )
    state.bad_losses += 1
    state.optimizer.zero_grad(set_to_none=True)
    for name, buffer in state.model.named_buffers():
        buffer.copy_(statistics[name])
    return StepReport(means.tolist(), float("nan"), waited, False, stop)


def _copies(model: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
