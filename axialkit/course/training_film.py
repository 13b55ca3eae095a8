"""A film of a training: every few steps the same pictures, losses, and how far attention looks."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from axialkit.course.street_training import (
    Run,
    Score,
    answers,
    attention_distances,
    score,
    validation_loss,
)
from axialkit.course.streets import Streets
from axialkit.structures import PanopticResult, Prediction

WATCHED = 4  # the first scenes of val


class Frame(NamedTuple):
    """What is seen after some steps."""

    step: int
    results: list[PanopticResult]  # of the watched scenes
    heads: Prediction  # of the watched scenes
    losses: list[float]  # semantic, center, offset on scenes that are not trained on
    averaged: list[float]  # the same of the averaged weights; empty without them
    distances: Float[np.ndarray, "axis head"]  # in cells; empty without attention
    score: Score  # on scenes that are not trained on


class Film(NamedTuple):
    """All frames of one training, and what it did at every step."""

    frames: list[Frame]
    run: Run
    watched: Streets

    @property
    def steps(self) -> list[int]:
        return [frame.step for frame in self.frames]


def shoot(run: Run, held_out: Streets, every: int) -> Film:
    """Train to the end, and take a frame before the first step and after every ``every`` steps."""
    watched = first_scenes(held_out, WATCHED)
    frames = [
        take_frame(run, watched, held_out)
        for step in run
        if step % every == 0 or step == run.recipe.steps
    ]
    return Film(frames, run, watched)


def take_frame(run: Run, watched: Streets, held_out: Streets) -> Frame:
    """Look at a training as it stands."""
    net, config = run.ready(), run.recipe.config
    averaged = [] if run.average is None else validation_loss(run.ready_average(), held_out, config)
    with torch.no_grad():
        heads = net(watched.images.float())
    attends = run.recipe.network in ("hybrid", "no positions")
    return Frame(
        step=len(run.curves.rates),
        results=answers(net, watched, config),
        heads=heads,
        losses=validation_loss(net, held_out, config),
        averaged=averaged,
        distances=attention_distances(net, held_out.images[:16]) if attends else np.zeros((0, 0)),
        score=score(net, held_out, config),
    )


def first_scenes(streets: Streets, count: int) -> Streets:
    """Return the first scenes alone."""
    targets = type(streets.targets)(*(map_[:count] for map_ in streets.targets))
    return Streets(
        streets.images[:count], targets, streets.scenes[:count], streets.vehicles[:count]
    )


def step_of_the_jump(film: Film, sure: float = 0.6) -> int | None:
    """Return the first frame's step from which the long vehicles are told apart, if there is."""
    reached = (frame.step for frame in film.frames if frame.score.vehicles > sure)
    return next(reached, None)
