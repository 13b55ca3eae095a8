"""What a checkpoint has to hold: a training is broken off, and goes on with less or more of it."""

import copy
from dataclasses import replace

import torch

from axialkit.course.street_training import Recipe, Run
from axialkit.course.streets import Streets

KEPT = {
    "weights": (),
    "+ the optimizer's memory": ("optimizer",),
    "+ the place in the random stream": ("optimizer", "random"),
}


def resume_errors(streets: Streets, steps: int = 12, seed: int = 0) -> dict[str, float]:
    """Break off a training at half time, go on with what was kept; compare the last weights.

    Returns the largest difference to a training that was never broken off.
    """
    recipe = Recipe(steps=steps, warmup=2, seed=seed)
    whole = Run(streets, recipe)
    for step in whole:
        if step == steps // 2:
            saved = copy.deepcopy((whole.net, whole.optimizer.state_dict()))
            stream, curves = whole.random.get_state(), copy.deepcopy(whole.curves)
    errors = {}
    for name, parts in KEPT.items():
        run = Run(streets, replace(recipe, seed=seed + 1))  # another start: all must be put back
        run.net.load_state_dict(saved[0].state_dict())
        run.curves = copy.deepcopy(curves)
        if "optimizer" in parts:
            run.optimizer.load_state_dict(copy.deepcopy(saved[1]))
        if "random" in parts:
            run.random.set_state(stream)
        for _ in run:
            pass
        errors[name] = _difference(run.net, whole.net)
    return errors


@torch.no_grad()
def _difference(one: torch.nn.Module, other: torch.nn.Module) -> float:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)
