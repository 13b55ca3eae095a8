"""What a training will take, found out from a single image before it starts.

Memory is counted without using any, by torch's fake tensors; time is measured, on a smaller crop
where the real one would take much of this machine.
"""

import os
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from axialkit.config import OUTPUT_STRIDE, ExperimentConfig
from axialkit.data.dataset import PanopticDataset, Share, build_loader
from axialkit.structures import IGNORE_CLASS, Sample, Targets
from axialkit.training.distributed import Processes
from axialkit.training.state import State, make_state, numbers_of, ready_network
from axialkit.training.step import losses, train_step

_REPEATS = 3
_SHARE = 0.1  # of the memory, which the activations of a measured step may take


class Estimate(NamedTuple):
    """Sizes in bytes, times in seconds."""

    parameters: int
    images: int  # of the training split
    steps: int
    weights: int  # parameters and moving statistics
    gradients: int
    moments: int  # of the optimiser, with the average of the weights if there is one
    activations: int  # per image: what the way forward keeps for the way back
    processes: int
    images_at_once: int  # per process
    crop_size: tuple[int, int]  # of the images that were timed
    seconds_per_image: float  # of the real crop
    seconds: float  # the whole run, on that many processes like this one

    @property
    def memory(self) -> int:
        """Return what a process holds on the way back, without the workspace of single layers."""
        fixed = self.weights + self.gradients + self.moments
        return fixed + self.images_at_once * self.activations

    def describe(self, config: ExperimentConfig) -> str:
        """Spell the estimate."""
        epochs = self.steps * config.train.batch_size / self.images
        smaller = self.crop_size != config.data.crop_size
        how = f", by those of {self.crop_size[0]}x{self.crop_size[1]} pixels" if smaller else ""
        lines = [
            ("parameters", f"{self.parameters / 1e6:.2f} million"),
            ("training images", f"{self.images}"),
            ("steps", f"{self.steps} of {config.train.batch_size} images: {epochs:.1f} epochs"),
            ("memory, each process", f"about {_size(self.memory)}"),
            ("  weights", _size(self.weights)),
            ("  gradients", _size(self.gradients)),
            ("  optimiser", _size(self.moments)),
            ("  activations", f"{_size(self.activations)} x {self.images_at_once} images at once"),
            ("one image", f"{self.seconds_per_image:.3f} s forward, back and update{how}"),
            ("whole run", f"about {_duration(self.seconds)} on {_count(self.processes)}"),
        ]
        return "\n".join(f"{name:<22}{value}" for name, value in lines)


def dry_run(config: ExperimentConfig, root: Path | str, processes: int = 1) -> Estimate:
    """Build the network, count its memory, and time steps with one image; nothing is written.

    The time is in proportion to the images, so it is an upper bound where a larger batch uses the
    machine better, and it leaves out waiting for data. If a smaller crop has to be timed, it is
    also in proportion to the pixels, and attention takes somewhat more than that. ``processes``
    share each batch.

    Raises:
        InputError: bad data, or a batch that cannot be shared.
    """
    with numbers_of(config):
        return _estimate(config, root, processes)


def _estimate(config: ExperimentConfig, root: Path | str, processes: int) -> Estimate:
    settings = config.train
    at_once = Share(0, processes, settings.accumulate).size(settings.batch_size)
    dataset = PanopticDataset(root, "train", config.data, training=True, stride=config.loss.stride)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    one = replace(config, train=replace(settings, batch_size=1, accumulate=1))
    state = make_state(one, Processes(device=device))
    activations = count_activations(state, one)
    timed = _affordable(one, activations, _SHARE * _memory(device))
    seconds = _seconds_per_step(state, timed, root) * _pixels(one) / _pixels(timed)
    trained = [weight for weight in state.model.parameters() if weight.requires_grad]
    averages = [] if state.average is None else list(state.average.module.state_dict().values())
    return Estimate(
        parameters=sum(weight.numel() for weight in state.model.parameters()),
        images=len(dataset),
        steps=settings.steps,
        weights=_bytes(state.model.state_dict().values()),
        gradients=_bytes(trained),
        moments=_bytes(averages) + _bytes(_moments(state)),
        activations=activations,
        processes=processes,
        images_at_once=at_once,
        crop_size=timed.data.crop_size,
        seconds_per_image=seconds,
        seconds=seconds * settings.steps * settings.batch_size / processes,
    )


def count_activations(state: State, config: ExperimentConfig) -> int:
    """Count the bytes that the way forward keeps for one image, each piece of memory once."""
    weights: list[Tensor] = [*state.model.parameters()]
    kept: dict[int, Tensor] = {}  # by the memory they lie in, alive so that none is given twice

    def keep(x: Tensor) -> Tensor:
        if x.untyped_storage()._cdata not in parameters:
            kept[x.untyped_storage()._cdata] = x
        return x

    # in a mode in which tensors have shapes, but no content
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        weights += [mode.from_tensor(weight) for weight in weights]
        parameters = {weight.untyped_storage()._cdata for weight in weights}
        batch = _empty_sample(config)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            terms = losses(state, batch, config)
        del terms
        return sum(x.untyped_storage().nbytes() for x in kept.values())


def _empty_sample(config: ExperimentConfig) -> Sample:
    height, width = config.data.crop_size
    stride = config.loss.stride
    size = (-(-height // stride), -(-width // stride))
    return Sample(
        torch.zeros(1, 3, height, width).contiguous(memory_format=torch.channels_last),
        Targets(
            semantic=torch.full((1, *size), IGNORE_CLASS, dtype=torch.uint8),
            semantic_weight=torch.zeros(1, *size),
            center=torch.zeros(1, *size),
            center_weight=torch.zeros(1, *size),
            offset=torch.zeros(1, 2, *size),
            offset_weight=torch.zeros(1, *size),
        ),
    )


def _affordable(config: ExperimentConfig, activations: int, limit: float) -> ExperimentConfig:
    """Halve the crop until the activations, in proportion to the pixels, are below the limit."""
    smaller = config
    while activations * _pixels(smaller) / _pixels(config) > limit:
        height, width = (
            max((side - 1) // (2 * OUTPUT_STRIDE), 1) * OUTPUT_STRIDE + 1
            for side in smaller.data.crop_size
        )
        if (height, width) == smaller.data.crop_size:
            break
        smaller = replace(smaller, data=replace(smaller.data, crop_size=(height, width)))
    return smaller


def _pixels(config: ExperimentConfig) -> int:
    return config.data.crop_size[0] * config.data.crop_size[1]


def _memory(device: torch.device) -> int:
    """Return the memory of the device, or of the machine, in bytes."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):  # Windows does not tell
        return 8_000_000_000


def _seconds_per_step(state: State, config: ExperimentConfig, root: Path | str) -> float:
    """Take a few steps with one image each; return their median."""
    dataset = PanopticDataset(root, "train", config.data, training=True, stride=config.loss.stride)
    ready_network(state, config)
    batches = build_loader(dataset, 1)
    seconds = []
    for _ in range(1 + _REPEATS):  # the first one warms up
        batch = next(batches)
        began = time.perf_counter()
        train_step(state, iter([batch]), config)
        seconds.append(time.perf_counter() - began)
    return median(seconds[1:])


def _moments(state: State) -> list[Tensor]:
    slots: list[dict[str, Any]] = list(state.optimizer.state.values())
    return [value for slot in slots for value in slot.values() if isinstance(value, Tensor)]


def _bytes(tensors: Any) -> int:  # noqa: ANN401
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    if seconds >= 2 * 86_400:
        return f"{seconds / 86_400:.1f} days"
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / 60:.1f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _count(processes: int) -> str:
    return "one such process" if processes == 1 else f"{processes} such processes"
