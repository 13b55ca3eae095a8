"""Which network sees far? Four networks, two kinds of scenes, the same training for all."""

from axialkit.config import get_preset
from axialkit.course.street_networks import NETWORKS
from axialkit.course.street_training import Recipe, Run, Score, score
from axialkit.course.streets import FAR, NEAR, Streets, draw_streets

NAME = "far and local cues"
PRESET = "tiny_avenue_1block"
SCENES = {"train": 900, "val": 100}
STEPS = {FAR: 1500, NEAR: 1000}  # far cues are learned late, local ones soon
SURE = 0.6  # above this share of right pixels, the long vehicles are told apart
_LOOK = 100  # steps between looks at the hybrid


def compare(seed: int) -> dict[str, float]:
    """Train all networks on both kinds of scenes; return their scores, and when the jump came."""
    return {name: value for kind in STEPS for name, value in compare_on(kind, seed).items()}


def compare_on(kind: str, seed: int) -> dict[str, float]:
    """Train all networks on one kind of scenes."""
    streets = {
        split: draw_streets(get_preset(PRESET), count, split=split, kind=kind, seed=seed)
        for split, count in SCENES.items()
    }
    found: dict[str, float] = {}
    for network in NETWORKS:
        watched = network == "hybrid" and kind == FAR
        recipe = Recipe(network=network, steps=STEPS[kind], seed=seed)
        run, jump = _train(streets, recipe, watched=watched)
        scores = score(run.ready(), streets["val"], recipe.config)
        found |= {f"{network}, {kind}, {what}": v for what, v in _named(scores).items()}
        if watched:
            found["step of the jump"] = jump
    return found


def _named(scores: Score) -> dict[str, float]:
    nearest, *_, farthest = scores.by_distance
    return {
        "vehicles": scores.vehicles,
        "at the end": nearest,
        "far from it": farthest,
        "PQ": scores.pq,
        "PQ of things": scores.things,
        "PQ of stuff": scores.stuff,
    }


def _train(streets: dict[str, Streets], recipe: Recipe, *, watched: bool) -> tuple[Run, float]:
    """Train to the end; return the first look at which the vehicles are told apart, too."""
    run, jump = Run(streets["train"], recipe), float(recipe.steps)
    for step in run:
        looks = watched and step % _LOOK == 0 and 0 < step < jump
        if looks and score(run.ready(), streets["val"], recipe.config).vehicles > SURE:
            jump = float(step)
    return run, jump
