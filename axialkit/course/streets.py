"""Avenue scenes in memory, ready to train on: images, targets, and where the long vehicles are."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from axialkit.config import ExperimentConfig
from axialkit.data import minicity, rasterize
from axialkit.data.augment import fit
from axialkit.data.cityscapes import BY_NAME, panoptic_label
from axialkit.data.minicity import DrawnScene
from axialkit.data.targets import panoptic_targets
from axialkit.evaluation.far_cues import DISTANCE_BINS, distance_to_box
from axialkit.structures import Sample, Targets

FAR, NEAR = "far cue", "local cues"
# the long vehicles tell their class by one end, or along their whole side
AMBIGUITY = {FAR: 1.0, NEAR: 0.0}


class LongVehicle(NamedTuple):
    """A truck, bus or train in one scene."""

    visible: Bool[np.ndarray, "height width"]
    train_id: int
    distance: Int[np.ndarray, " pixel"]  # of its visible pixels to the telling end, as bins


class Streets(NamedTuple):
    """Scenes with what a training needs of them."""

    images: UInt8[Tensor, "scene 3 height width"]
    targets: Targets  # of all scenes, at the loss' stride
    scenes: list[DrawnScene]
    vehicles: list[list[LongVehicle]]  # per scene

    def batch(self, picked: Int[Tensor, " batch"]) -> Sample:
        """Return some of the scenes as one batch; images become numbers 0..255."""
        return Sample(self.images[picked].float(), Targets(*(m[picked] for m in self.targets)))


def draw_streets(
    config: ExperimentConfig, count: int, *, split: str = "train", kind: str = FAR, seed: int = 0
) -> Streets:
    """Draw ``count`` avenue scenes of one kind, FAR or NEAR, with their targets."""
    scenes = [
        minicity.scene(i, split=split, scenes="avenue", seed=seed, ambiguity=AMBIGUITY[kind])
        for i in range(count)
    ]
    images, targets = [], []
    for scene in scenes:
        image, label = fit(scene.image, panoptic_label(scene.instance_ids), config.data.crop_size)
        images.append(torch.from_numpy(image).byte().permute(2, 0, 1))
        targets.append(panoptic_targets(label, config.data).at_stride(config.loss.stride))
    together = Targets(*(torch.stack(maps) for maps in zip(*targets, strict=True)))
    return Streets(torch.stack(images), together, scenes, [long_vehicles(s) for s in scenes])


def long_vehicles(scene: DrawnScene) -> list[LongVehicle]:
    """Find the long vehicles of a scene, and how far each of their pixels is from the cue."""
    owner = rasterize.owners(scene.polygons, scene.image.shape[:2])
    found = []
    for special in scene.specials:
        visible = owner == special.polygon
        distance = distance_to_box(np.argwhere(visible), special.cue)
        label = scene.polygons[special.polygon].label
        bins = np.digitize(distance, DISTANCE_BINS[1:])
        found.append(LongVehicle(visible, BY_NAME[label].train_id, bins))
    return found


def right_by_distance(
    semantic: UInt8[np.ndarray, "height width"], vehicles: list[LongVehicle]
) -> Float[np.ndarray, "bin right_all"]:
    """Count the pixels of a scene's long vehicles, and those with the right class, by distance."""
    counts = np.zeros((len(DISTANCE_BINS), 2))
    for vehicle in vehicles:
        right = semantic[vehicle.visible] == vehicle.train_id
        for column, bins in enumerate((vehicle.distance[right], vehicle.distance)):
            counts[:, column] += np.bincount(bins, minlength=len(DISTANCE_BINS))
    return counts
