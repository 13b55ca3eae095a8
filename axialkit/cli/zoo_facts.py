"""What is known of every network: costs, scores, where its weights are."""

from typing import Any

from axialkit.model.cost import network_cost
from axialkit.weights import shipped_names
from axialkit.weights.files import WEIGHTS_FILE
from axialkit.weights.home import home_folder
from axialkit.weights.released import CITYSCAPES, find_released, released_names
from axialkit.weights.zoo import PUBLISHED, read_card

FULL_SIZE = (1025, 2049)  # the crop of the published networks, for which costs are compared


def zoo_row(name: str) -> dict[str, Any]:
    """Return what is known of one network: costs, scores, where its weights are."""
    cost = network_cost(name, FULL_SIZE)
    return {
        "name": name,
        "parameters": cost.total.parameters,
        "statistics": cost.total.statistics,
        "multiply_adds_1025x2049": cost.total.multiply_adds,
        "multiply_adds_used_1025x2049": cost.used.multiply_adds,
        "multiply_adds_attention_1025x2049": cost.total.attention,
        "published": PUBLISHED[name]._asdict() if name in PUBLISHED else None,
        "card": read_card(name) if name in shipped_names() else None,
        "weights": whereabouts(name),
    }


def whereabouts(name: str) -> str:
    """Say where the weights of a preset are, or how to get them."""
    if name in shipped_names():
        return "shipped"
    if name not in released_names():
        return "train it"
    released = find_released(name, CITYSCAPES)
    here = (home_folder() / released.folder / WEIGHTS_FILE).is_file()
    return "cached" if here else "get them"


def giga(count: int) -> str:
    """``2717937408432`` -> ``2,717.9``."""
    return f"{count / 1e9:,.1f}"
