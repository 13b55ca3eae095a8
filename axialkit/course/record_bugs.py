"""Records what ``planted_bugs`` tells apart: ``python -m axialkit.course.record_bugs``.

Trains with every bug and with none, over several seeds: about five CPU-minutes.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from axialkit.attention.batch_norm import BatchNorm
from axialkit.config import get_preset
from axialkit.course.planted_bugs import BUGS, EVERY, SEEDS, STEPS, STORE
from axialkit.course.small_training import one_thread
from axialkit.course.street_training import Recipe, Run, validation_loss
from axialkit.course.streets import draw_streets


def record(bug: str, seed: int) -> Float[np.ndarray, "name look"]:
    """Train with a bug, and look every ``EVERY`` steps; rows as in NAMES.

    Losses and gradients are means over the steps since the last look.
    """
    with one_thread():
        config = get_preset("tiny_avenue_1block")
        streets = draw_streets(config, 200, seed=seed)
        held_out = draw_streets(config, 16, split="val", seed=seed)
        run = Run(streets, Recipe(steps=STEPS, warmup=15, seed=seed, bug=bug))
        rows = []
        for step in run:
            if step and step % EVERY == 0:
                losses, norms = (
                    np.mean(values[-EVERY:], axis=0)
                    for values in (run.curves.losses, run.curves.norms)
                )
                on_val = validation_loss(run.ready(), held_out, config)
                rows.append([*losses, *on_val, *norms, *run.moved(), _statistics_moved(run.net)])
        return np.array(rows).T


@torch.no_grad()
def _statistics_moved(net: nn.Module) -> float:
    """Return how far batch norms' moving means are from 0, where they began."""
    norms = [module for module in net.modules() if isinstance(module, BatchNorm)]
    return float(torch.stack([norm.running_mean.abs().mean() for norm in norms]).mean())


def main() -> None:
    """Record all bugs over all seeds."""
    found = {}
    for seed in SEEDS:
        for bug in BUGS:
            found[f"{bug}, {seed}"] = record(bug, seed).astype(np.float32)
            np.savez_compressed(STORE, **found)  # type: ignore[arg-type]
            print(bug, seed, flush=True)


if __name__ == "__main__":
    main()
