"""Training on avenue scenes as lesson 09 does it: one loop, and what it writes down on the way."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.record import record_attention
from axialkit.attention.summaries import mean_distance
from axialkit.config import ExperimentConfig, get_preset
from axialkit.course.planted_bugs import STAGES
from axialkit.course.random_samples import flip_sample
from axialkit.course.small_training import settle_statistics
from axialkit.course.street_networks import NETWORKS
from axialkit.course.streets import Streets, right_by_distance
from axialkit.course.training_parts import poly_lr
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.inference import restore_size
from axialkit.losses import panoptic_losses
from axialkit.postprocess import panoptic_from_batch
from axialkit.structures import IGNORE_CLASS, LossTerms, PanopticResult, Sample, Targets
from axialkit.training.optimizers import build_optimizer
from axialkit.training.schedule import clip_gradients

_ROAD = 0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes."""

    network: str = "hybrid"  # one of NETWORKS
    steps: int = 1000
    batch: int = 8
    rate: float = 1e-2
    warmup: int = 50  # steps
    clip: float = 5.0
    seed: int = 0
    ema: float = 0.0  # share of the averaged weights that is kept per step; 0: no average
    bug: str = "none"  # one of planted_bugs.BUGS
    flip: Callable[..., Any] = flip_sample
    schedule: Callable[[int, int, float, int], float] = poly_lr
    config: ExperimentConfig = field(default_factory=lambda: get_preset("tiny_avenue_1block"))


class Curves(NamedTuple):
    """What a training writes down after every step."""

    losses: list[list[float]]  # [step][semantic, center, offset], weighted
    norms: list[list[float]]  # [step][stage], of the gradient before clipping
    rates: list[float]


class Run:
    """A training that can be looked at between its steps."""

    def __init__(self, streets: Streets, recipe: Recipe) -> None:
        self.streets, self.recipe = streets, recipe
        torch.manual_seed(recipe.seed)
        self.net = NETWORKS[recipe.network](recipe.config).train()
        if recipe.bug == "batch norm in eval":
            self.net.eval()
        settings = replace(
            recipe.config.train, backbone_rate=0.0 if recipe.bug == "backbone frozen" else 1.0
        )
        self.optimizer = build_optimizer(self.net, settings)
        self.random = torch.Generator().manual_seed(recipe.seed + 1)
        self.first = [weight.detach().clone() for weight in self.net.parameters()]
        self.average = copy.deepcopy(self.net) if recipe.ema else None
        self.curves = Curves([], [], [])

    def __iter__(self) -> Iterator[int]:
        """Take the steps that are missing; yield the number of finished ones before each."""
        for step in range(len(self.curves.rates), self.recipe.steps):
            yield step
            self._step(step)
        yield self.recipe.steps

    def _step(self, step: int) -> None:
        recipe = self.recipe
        rate = recipe.schedule(step, recipe.steps, recipe.rate, recipe.warmup)
        rate *= 100 if recipe.bug == "learning rate x 100" else 1
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["multiple"]
        terms = loss_terms(self.net, self._batch(), recipe.config)
        self.optimizer.zero_grad()
        (terms.semantic + terms.center + terms.offset).backward()
        norms = self._norms()
        clip_gradients(self.net.parameters(), recipe.clip)
        self.optimizer.step()
        self._average_in(step)
        self.curves.losses.append([float(term.detach()) for term in terms])
        self.curves.norms.append(norms)
        self.curves.rates.append(rate)

    @torch.no_grad()
    def _average_in(self, step: int) -> None:
        """Move the averaged weights towards the new ones; faster in the beginning."""
        if self.average is not None:
            kept = min(self.recipe.ema, (step + 1) / (step + 10))
            average: list[Tensor] = list(self.average.parameters())
            weights: list[Tensor] = list(self.net.parameters())
            torch._foreach_lerp_(average, weights, 1 - kept)

    def _batch(self) -> Sample:
        recipe = self.recipe
        draw = torch.randint(len(self.streets.images), (recipe.batch,), generator=self.random)
        mirrored = torch.rand(recipe.batch, generator=self.random) < 0.5
        image, targets = self.streets.batch(draw)
        for i in mirrored.nonzero().flatten().tolist():
            _flip_in_place(image, targets, i, recipe)
        if recipe.bug == "labels of another image":
            targets = shifted_labels(Sample(image, targets)).targets
        if recipe.bug == "a class ignored":
            road = targets.semantic == _ROAD
            targets = targets._replace(semantic=targets.semantic.masked_fill(road, IGNORE_CLASS))
        return Sample(image, targets)

    def _norms(self) -> list[float]:
        grouped: dict[str, list[Tensor]] = {stage: [] for stage in STAGES}
        for name, weight in self.net.named_parameters():
            if weight.grad is not None:
                grouped[stage_of(name)].append(weight.grad)
        return [
            float(torch.stack(torch._foreach_norm(gradients)).norm())
            for gradients in grouped.values()
        ]

    def moved(self) -> list[float]:
        """Return how far the weights of each stage have gone, as a share of their first size."""
        named, far, size = self.net.named_parameters(), dict.fromkeys(STAGES, 0.0), {}
        size = dict.fromkeys(STAGES, 0.0)
        for (name, weight), first in zip(named, self.first, strict=True):
            far[stage_of(name)] += float((weight.detach() - first).square().sum())
            size[stage_of(name)] += float(first.square().sum())
        return [(far[stage] / size[stage]) ** 0.5 for stage in STAGES]

    def ready(self) -> nn.Module:
        """Return a copy to look with: in eval mode, its batch norms' statistics settled.

        The moving ones forget only a hundredth per step, too slow for a training of minutes.
        """
        net = copy.deepcopy(self.net)
        if self.net.training:
            settle_statistics(net, self.streets.images[:64].float())
        return net.eval()

    def ready_average(self) -> nn.Module:
        """Return the averaged weights as a network to look with."""
        net = copy.deepcopy(self.average)
        assert net is not None, "the recipe has no ema"
        settle_statistics(net, self.streets.images[:64].float())
        return net.eval()


def stage_of(name: str) -> str:
    """Return which of the STAGES a parameter belongs to."""
    if name.startswith("backbone"):
        return "block" if "stage3.block2" in name else "front"
    in_heads = any(f"decoder.{head}" in name for head in ("semantic", "instance", "center", "off"))
    return "heads" if in_heads else "decoder"


def loss_terms(net: nn.Module, batch: Sample, config: ExperimentConfig) -> LossTerms:
    """Compute the three weighted terms of a batch."""
    return panoptic_losses(net(batch.image, stride=config.loss.stride), batch.targets, config.loss)


def loss_on(net: nn.Module, batch: Sample, config: ExperimentConfig) -> Tensor:
    """Compute the sum of the three terms of a batch."""
    return sum(loss_terms(net, batch, config))  # type: ignore[return-value]


def shifted_labels(batch: Sample) -> Sample:
    """Give every image of a batch the labels of the one before it."""
    return Sample(batch.image, Targets(*(map_.roll(1, 0) for map_ in batch.targets)))


def _flip_in_place(image: Tensor, targets: Targets, i: int, recipe: Recipe) -> None:
    """Mirror sample ``i`` of a batch with the recipe's own function."""
    parts = (image, targets.semantic, targets.center, targets.offset)
    for whole, flipped in zip(parts, recipe.flip(*(part[i] for part in parts)), strict=True):
        whole[i] = flipped
    for weight in (targets.semantic_weight, targets.center_weight, targets.offset_weight):
        weight[i] = weight[i].flip(-1)
    if recipe.bug == "flip forgets the offsets' sign":
        targets.offset[i, 1] *= -1


class Score(NamedTuple):
    """How good a network is on some scenes; shares 0..1."""

    pq: float
    things: float  # PQ of the things
    stuff: float
    vehicles: float  # share of the long vehicles' pixels with the right class
    by_distance: list[float]  # the same, by distance to the telling end


def answers(net: nn.Module, streets: Streets, config: ExperimentConfig) -> list[PanopticResult]:
    """Segment all scenes with a network that is ready (``Run.ready``)."""
    found: list[PanopticResult] = []
    with torch.no_grad():
        for images in streets.images.split(32):
            found += panoptic_from_batch(net(images.float()), config.postprocess)
    sizes = [scene.image.shape[:2] for scene in streets.scenes]
    return [restore_size(r, size, config) for r, size in zip(found, sizes, strict=True)]


def score(net: nn.Module, streets: Streets, config: ExperimentConfig) -> Score:
    """Score a network that is ready on scenes that it has not seen."""
    quality, counts = PanopticQuality(), np.zeros((4, 2))
    found = answers(net, streets, config)
    for result, scene, vehicles in zip(found, streets.scenes, streets.vehicles, strict=True):
        quality.update(result.panoptic, scene.instance_ids)
        counts += right_by_distance(result.semantic, vehicles)
    scores = quality.scores()
    right, every = counts.sum(axis=0)
    shares = (counts[:, 0] / counts[:, 1].clip(1)).tolist()
    return Score(scores.all.pq, scores.things.pq, scores.stuff.pq, float(right / every), shares)


@torch.no_grad()
def validation_loss(net: nn.Module, streets: Streets, config: ExperimentConfig) -> list[float]:
    """Return the three terms on scenes that were not trained on, for a network that is ready."""
    batch = streets.batch(torch.arange(min(len(streets.images), 16)))
    return [float(term) for term in loss_terms(net, batch, config)]


@torch.no_grad()
def attention_distances(net: nn.Module, images: Tensor) -> Float[np.ndarray, "axis head"]:
    """Return how far each head looks, in cells: height heads first, then width heads."""
    with record_attention(net, keep=lambda name, weights: mean_distance(weights)) as maps:
        net(images.float())
    return np.stack([distances.numpy() for distances in maps.values()])


def train(streets: Streets, recipe: Recipe) -> Run:
    """Train to the end without looking."""
    run = Run(streets, recipe)
    for _ in run:
        pass
    return run
