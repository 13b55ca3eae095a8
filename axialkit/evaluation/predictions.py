"""Where predictions come from: a network, or a folder of files that some network has written."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, Integer, UInt8

from axialkit.data.cityscapes import SamplePaths
from axialkit.evaluation.official_files import OfficialFiles


class Answer(NamedTuple):
    """The answer to one image, at the size of its ground truth."""

    panoptic: Integer[np.ndarray, "height width"]  # train id * 1000 + instance; 255000 = void
    semantic: UInt8[np.ndarray, "height width"] | None  # train ids, 255 = none of them
    scores: dict[int, float] | None  # panoptic label -> score; equal scores rank in this order
    ladder: Float[np.ndarray, "step klass iou_tp_fp_fn"] | None = None  # the oracle's, see oracle


@runtime_checkable
class Predictions(Protocol):
    """What can be evaluated."""

    @property
    def identity(self) -> dict[str, object]:
        """What tells these predictions from others, as plain values for JSON."""

    @property
    def own_files(self) -> OfficialFiles:
        """What of the predictions lies in the official forms already."""

    @property
    def why_no_semantic(self) -> str:
        """Why there is no semantic map and therefore no mIoU; empty if there is one."""

    def check(self, samples: Sequence[SamplePaths], processes: int) -> None:
        """Refuse at once what cannot be evaluated as a whole."""

    def answer(
        self, sample: SamplePaths, instance_ids: Int[np.ndarray, "height width"], *, oracle: bool
    ) -> Answer:
        """Return the answer to one image; ``oracle`` asks for the ladder as well."""
