"""Mean intersection over union of the semantic map, from one histogram.

``official`` counts crowd pixels like all others, as cityscapesscripts' pixel-level script does;
``void`` ignores them, as deeplab2's evaluator does when crowds are void in its data.
"""

import numpy as np
from jaxtyping import Float, Integer

from axialkit.data.runs import shared_runs
from axialkit.errors import InputError
from axialkit.evaluation.panoptic_quality import NUM_CLASSES, CrowdPolicy, classes_and_crowds
from axialkit.structures import IGNORE_CLASS


class MeanIoU:
    """Mean IoU of a stream of images, under both crowd policies; partial results can be merged.

    >>> metric = MeanIoU()
    >>> metric.update(result.semantic, read_instance_ids(path))
    >>> metric.mean("official")
    """

    def __init__(self) -> None:
        # [single or stuff, crowd] x true class x predicted class (the last column: none of them)
        self.counts = np.zeros((2, NUM_CLASSES, NUM_CLASSES + 1), np.int64)

    def update(
        self,
        semantic: Integer[np.ndarray, "height width"],
        instance_ids: Integer[np.ndarray, "truth_height truth_width"],
    ) -> None:
        """Add one image: predicted train ids and the truth as in instanceIds.png.

        Raises:
            InputError: the sizes differ.
        """
        if semantic.shape != instance_ids.shape:
            raise InputError(
                f"The prediction is {semantic.shape} pixels, its ground truth "
                f"{instance_ids.shape} (height, width). Resize it to the annotated image."
            )
        ids, run, length = shared_runs(instance_ids, semantic)
        truth, is_crowd = classes_and_crowds(ids)
        predicted = np.minimum(run, NUM_CLASSES)
        cell = (is_crowd * NUM_CLASSES + truth.astype(np.int64)) * (NUM_CLASSES + 1) + predicted
        seen = truth != IGNORE_CLASS
        counts = np.bincount(cell[seen], length[seen], minlength=self.counts.size)
        self.counts += counts.astype(np.int64).reshape(self.counts.shape)

    def merge(self, other: "MeanIoU") -> None:
        """Add the images that another process has seen."""
        self.counts += other.counts

    def per_class(self, crowd: CrowdPolicy = "official") -> Float[np.ndarray, " klass"]:
        """Return the IoU by train id, NaN where a class is neither true nor predicted."""
        counts = self.counts.sum(axis=0) if crowd == "official" else self.counts[0]
        hit = counts.diagonal()
        union = counts.sum(axis=1) + counts[:, :NUM_CLASSES].sum(axis=0) - hit
        return np.where(union > 0, hit / np.maximum(union, 1), np.nan)

    def mean(self, crowd: CrowdPolicy = "official") -> float:
        """Return the mean over the classes that occur, NaN if none does."""
        per_class = self.per_class(crowd)
        occurs = ~np.isnan(per_class)
        return float(per_class[occurs].mean()) if occurs.any() else float("nan")
