"""Does a look matter? Forbid it, and see what the network says: lesson 06's test of its maps.

Nothing in the picture changes. One pass of one layer may no longer look at some columns: their
weights are set to 0 and the others grow to sum to 1 again.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor, nn

import axialkit
from axialkit.attention import AxialAttention1d
from axialkit.attention.switch import axial_layers
from axialkit.config import ExperimentConfig
from axialkit.data import minicity
from axialkit.data.cityscapes import BY_NAME, train_ids
from axialkit.data.minicity_files import DrawnScene
from axialkit.data.scene import Special
from axialkit.errors import InputError
from axialkit.inference import evaluating, fit_image
from axialkit.visualize.colors import Picture

LAYER = "stage4.block2"  # the first attention layer of `tiny`
FAR = 48  # pixels between the telling end and the pixels that are asked about
SCENES = 100
VARIANTS = ("nothing hidden", "front hidden", "as much elsewhere hidden")
AS_BUS = "front hidden, called a bus"


class LongVehicle(NamedTuple):
    """A long vehicle whose class only its front tells."""

    scene: DrawnScene
    name: str
    far: Bool[np.ndarray, "height width"]  # its pixels far from the front
    front: tuple[int, int]  # first and last pixel column of the front


@contextmanager
def hidden_columns(
    model: nn.Module, columns: Collection[int], layer: str = LAYER
) -> Iterator[None]:
    """While this runs, the row hop of a layer cannot look at these columns of its map.

    Raises:
        InputError: no such layer.
    """
    width = _width_pass(model, layer)
    backend = width.backend

    def blind(module: nn.Module, inputs: tuple[Tensor], weights: Tensor) -> Tensor:
        weights = weights.clone()
        weights[..., list(columns)] = 0
        return weights / weights.sum(dim=-1, keepdim=True)

    width.backend = "reference"  # the only one whose weights can be reached
    hook = width.activation.register_forward_hook(blind)
    try:
        yield
    finally:
        hook.remove()
        width.backend = backend


def _width_pass(model: nn.Module, layer: str) -> AxialAttention1d:
    for name, module in axial_layers(model).items():
        if name.endswith(f"{layer}.branch.attention.width"):
            return module
    raise InputError(f'There is no row hop in a layer "{layer}".')


def probabilities(
    model: nn.Module, image: Picture, config: ExperimentConfig
) -> Float[np.ndarray, "klass crop_height crop_width"]:
    """Return how sure the network is of each class, at the size of the crop."""
    with evaluating(model):
        answer = model(fit_image(image, config.data.crop_size)[None])
    return answer.semantic[0].softmax(dim=0).numpy()


def sure_without_each_column(
    model: nn.Module,
    image: Picture,
    config: ExperimentConfig,
    pixel: tuple[int, int],
    train_id: int,
    columns: int,
) -> Float[np.ndarray, " columns"]:
    """Hide one column of the map at a time; return how sure a pixel still is of its class."""
    found = []
    for column in range(columns):
        with hidden_columns(model, [column]):
            found.append(probabilities(model, image, config)[train_id, pixel[0], pixel[1]])
    return np.array(found, dtype=np.float64)


def long_vehicles(first: int, count: int, seed: int) -> list[LongVehicle]:
    """Draw ``count`` streets and return their vehicles that only the front tells."""
    found = []
    for index in range(first, first + count):
        scene = minicity.scene(index, seed=seed, ambiguity=1.0)
        for special in scene.specials:
            if special.kind == "side" and (vehicle := _vehicle(scene, special)) is not None:
                found.append(vehicle)
    return found


def _vehicle(scene: DrawnScene, special: Special) -> LongVehicle | None:
    polygon = scene.polygons[special.polygon]
    xs, ys = np.array(polygon.points).T
    height, width = scene.label_ids.shape
    inside = np.zeros((height, width), dtype=bool)
    inside[max(0, ys.min()) : ys.max() + 1, max(0, xs.min()) : xs.max() + 1] = True
    _, left, _, right = special.cue
    columns = np.arange(width)
    away = np.maximum(left - columns, columns - right) >= FAR
    far = inside & away & (train_ids(scene.label_ids) == BY_NAME[polygon.label].train_id)
    return LongVehicle(scene, polygon.label, far, (left, right)) if far.any() else None


def front_columns(vehicle: LongVehicle, cells: int, pixels: int) -> list[int]:
    """Return the columns of a map that see a vehicle's front: a cell at most to each side."""
    centers = np.linspace(0, pixels - 1, cells)
    pitch = centers[1]
    left, right = vehicle.front
    return [c for c, x in enumerate(centers) if left - pitch / 2 <= x <= right + pitch / 2]


def other_columns(front: list[int], vehicle: LongVehicle, cells: int, pixels: int) -> list[int]:
    """Return as many columns on the vehicle's rear end."""
    xs = np.flatnonzero(vehicle.far.any(axis=0)) * (cells - 1) / (pixels - 1)
    start = round(float(xs.min() if xs.mean() < front[0] else xs.max() - len(front) + 1))
    start = min(max(start, 0), cells - len(front))
    return list(range(start, start + len(front)))


def blind_accuracy(
    model: nn.Module, config: ExperimentConfig, vehicles: list[LongVehicle]
) -> dict[str, float]:
    """Return the share of far pixels with the right class, seeing all, and with columns hidden.

    And the share of those that are called a bus, right or not, with the front hidden.
    """
    _, pixels = config.data.crop_size
    cells = (pixels - 1) // 16 + 1
    found: dict[str, list[Bool[np.ndarray, " pixel"]]] = {name: [] for name in (*VARIANTS, AS_BUS)}
    for vehicle in vehicles:
        front = front_columns(vehicle, cells, pixels)
        choices: tuple[list[int], ...] = ([], front, other_columns(front, vehicle, cells, pixels))
        for name, columns in zip(VARIANTS, choices, strict=True):
            with hidden_columns(model, columns):
                classes = probabilities(model, vehicle.scene.image, config).argmax(axis=0)
            seen = classes[: vehicle.far.shape[0], : vehicle.far.shape[1]][vehicle.far]
            found[name].append(seen == BY_NAME[vehicle.name].train_id)
            if columns is front:
                found[AS_BUS].append(seen == BY_NAME["bus"].train_id)
    return {name: float(np.concatenate(pixels).mean()) for name, pixels in found.items()}


def close_the_eyes(seed: int, scenes: int = SCENES) -> dict[str, float]:
    """Repeat ``blind_accuracy`` of `tiny` on new streets: the ablation of lesson 06."""
    vehicles = long_vehicles(0, scenes, seed=seed + 1000)
    return blind_accuracy(axialkit.load_model("tiny"), axialkit.load_config("tiny"), vehicles)
