"""What a training changes: weights, moments, averages, counters; and how it is first made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from axialkit.config import ExperimentConfig, TrainConfig
from axialkit.errors import InputError
from axialkit.model import AxialDeepLab, build_model
from axialkit.model.backbone import AxialResNet
from axialkit.training.distributed import Processes, parallelize
from axialkit.training.optimizers import build_optimizer
from axialkit.training.start import start_from

DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass
class State:
    """Everything that moves from step to step."""

    model: AxialDeepLab
    network: nn.Module  # the model as the loop calls it: compiled, in parallel, or as it is
    optimizer: Optimizer
    average: AveragedModel | None  # moving average of the weights
    scaler: torch.amp.GradScaler  # of the loss, in float16
    processes: Processes
    step: int = 0  # finished steps
    bad_losses: int = 0  # steps left out

    @property
    def answers(self) -> AxialDeepLab:
        """The model to evaluate and to keep: the averaged one, if there is one."""
        return self.model if self.average is None else cast(AxialDeepLab, self.average.module)


def make_state(config: ExperimentConfig, processes: Processes) -> State:
    """Build a network with fresh weights, the same in all processes, and all that trains it."""
    settings = config.train
    torch.manual_seed(settings.seed)
    model = build_model(config)
    backbone = cast(AxialResNet, model.backbone)
    backbone.recompute = _stages(backbone, settings)
    if backbone.stacked_decoder is not None:
        backbone.stacked_decoder.requires_grad_(False)  # no panoptic network reads it
    dtype = torch.float64 if settings.precision == "float64" else torch.float32
    model = model.to(processes.device, dtype).train()
    lay_out_channels_last(model)
    optimizer = build_optimizer(model, settings)
    average = None
    if settings.ema:
        rule = get_ema_multi_avg_fn(settings.ema)
        average = AveragedModel(model, multi_avg_fn=rule, use_buffers=True)
    half = settings.precision == "float16"
    scaler = torch.amp.GradScaler(processes.device.type, enabled=half)
    return State(model, model, optimizer, average, scaler, processes)


def lay_out_channels_last(model: nn.Module) -> None:
    """Order the kernels' weights as the images are; gradients of 1x1 kernels are plain matrices."""
    for weight in model.parameters():
        if weight.ndim == 4:
            matrix = weight.shape[2:].numel() == 1
            order = torch.contiguous_format if matrix else torch.channels_last
            weight.data = weight.data.clone(memory_format=order)


def start_network(state: State, config: ExperimentConfig) -> str:
    """Give a fresh network the weights of ``train.init_from``; say what was taken over."""
    if not config.train.init_from:
        return ""
    report = start_from(state.model, config)
    if state.average is not None:
        state.average.module.load_state_dict(state.model.state_dict())
    return report.summary()


def ready_network(state: State, config: ExperimentConfig) -> None:
    """Compile the network and spread it over the processes, as far as wanted."""
    settings = config.train
    state.network = parallelize(state.model, state.processes, synchronize=settings.sync_batch_norm)
    if settings.compile:
        state.network = torch.compile(state.network, dynamic=False)  # type: ignore[assignment]


def _stages(backbone: AxialResNet, settings: TrainConfig) -> tuple[int, ...]:
    stages = sorted(int(name.removeprefix("stage")) for name in backbone.stages)
    unknown = set(settings.recompute) - set(stages)
    if unknown:
        raise InputError(
            f"train.recompute names stage {min(unknown)}, but this backbone has the stages "
            f"{stages[0]} to {stages[-1]}."
        )
    return settings.recompute


@contextmanager
def numbers_of(config: ExperimentConfig) -> Iterator[None]:
    """Compute with the run's number of CPU threads (0 leaves torch's choice) and precision."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(config.train.threads or threads)
    if config.train.precision == "float64":
        torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
