"""What a training will take, found out from a single image before it starts."""

import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from axialkit.config import ExperimentConfig
from axialkit.data.dataset import PanopticDataset, Share, build_loader
from axialkit.structures import Sample
from axialkit.training.distributed import Processes
from axialkit.training.state import State, make_state, ready_network
from axialkit.training.step import losses, train_step

_REPEATS = 3


class Estimate(NamedTuple):
    """Sizes in bytes, times in seconds."""

    parameters: int
    images: int  # of the training split
    steps: int
    weights: int  # parameters and moving statistics
    gradients: int
    moments: int  # of the optimiser, with the average of the weights if there is one
    activations: int  # per image: what the way forward keeps for the way back
    images_at_once: int  # per process
    seconds_per_image: float
    seconds: float  # the whole run, on one process of this machine

    @property
    def memory(self) -> int:
        """Return what a process holds on the way back, without the workspace of single layers."""
        fixed = self.weights + self.gradients + self.moments
        return fixed + self.images_at_once * self.activations

    def describe(self, config: ExperimentConfig) -> str:
        """Spell the estimate."""
        epochs = self.steps * config.train.batch_size / self.images
        lines = [
            ("parameters", f"{self.parameters / 1e6:.2f} million"),
            ("training images", f"{self.images}"),
            ("steps", f"{self.steps} of {config.train.batch_size} images: {epochs:.1f} epochs"),
            ("memory, each process", f"about {_size(self.memory)}"),
            ("  weights", _size(self.weights)),
            ("  gradients", _size(self.gradients)),
            ("  optimiser", _size(self.moments)),
            ("  activations", f"{_size(self.activations)} x {self.images_at_once} images at once"),
            ("one image", f"{self.seconds_per_image:.3f} s forward, back and update"),
            ("whole run", f"about {_duration(self.seconds)} on one such process"),
        ]
        return "\n".join(f"{name:<22}{value}" for name, value in lines)


def dry_run(config: ExperimentConfig, root: Path | str, processes: int = 1) -> Estimate:
    """Build the network and measure steps with one image; nothing is written.

    The time is in proportion to the images, so it is an upper bound where a larger batch uses the
    machine better, and it leaves out waiting for data. ``processes`` share each batch.

    Raises:
        InputError: bad data, or a batch that cannot be shared.
    """
    settings = config.train
    at_once = Share(0, processes, settings.accumulate).size(settings.batch_size)
    dataset = PanopticDataset(root, "train", config.data, training=True, stride=config.loss.stride)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    one = replace(config, train=replace(settings, batch_size=1, accumulate=1))
    state = make_state(one, Processes(device=device))
    ready_network(state, one)
    batches = build_loader(dataset, 1)
    activations = _activations(state, next(batches), one)
    seconds = []
    for _ in range(1 + _REPEATS):  # the first one warms up
        batch = next(batches)
        began = time.perf_counter()
        train_step(state, iter([batch]), one)
        seconds.append(time.perf_counter() - began)
    per_image = median(seconds[1:])
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
        images_at_once=at_once,
        seconds_per_image=per_image,
        seconds=per_image * settings.steps * settings.batch_size,
    )


def _activations(state: State, batch: Sample, config: ExperimentConfig) -> int:
    """Count the bytes that the way forward keeps, each piece of memory once."""
    kept: dict[int, int] = {}
    parameters = {weight.untyped_storage().data_ptr() for weight in state.model.parameters()}

    def keep(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        terms = losses(state, batch, config)
    del terms
    return sum(kept.values())


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
    return f"{seconds / 3600:.1f} hours" if seconds >= 2 * 3600 else f"{seconds / 60:.1f} minutes"
