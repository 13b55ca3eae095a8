"""Predictions of a network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from torch import nn

from axialkit.config import ExperimentConfig, to_dict
from axialkit.data.cityscapes import SamplePaths
from axialkit.data.dataset import check_sizes
from axialkit.data.images import read_rgb
from axialkit.errors import InputError
from axialkit.evaluation.official_files import OfficialFiles
from axialkit.evaluation.oracle import oracle_counts
from axialkit.evaluation.predictions import Answer
from axialkit.inference import PLAIN, InferenceOptions, predict_images, restore_size
from axialkit.postprocess import panoptic_from_prediction
from axialkit.segment_scores import score_segments
from axialkit.structures import PanopticResult, Prediction


class NetworkPredictions:
    """Runs a network on each image.

    >>> evaluate(NetworkPredictions(model, config), "data/minicity")
    """

    why_no_semantic = ""
    own_files = OfficialFiles(None, None, None)

    def __init__(
        self,
        model: nn.Module,
        config: ExperimentConfig,
        options: InferenceOptions = PLAIN,
        name: str = "",
    ) -> None:
        self.model, self.config, self.options, self.name = model, config, options, name

    @property
    def identity(self) -> dict[str, object]:
        """Return the network's name, a sum over its weights, and how it is run."""
        weights = [p.detach().double().abs().sum().item() for p in self.model.parameters()]
        passes = self.options.passes
        return {
            "network": self.name,
            "weights": f"{sum(weights):.9g} in {len(weights)} tensors",
            "flip": passes.flip,
            "scales": list(passes.scales),
            "crop_size": list(self.config.data.crop_size),
            "postprocess": to_dict(self.config)["postprocess"],
        }

    def check(self, samples: Sequence[SamplePaths], processes: int) -> None:
        """Refuse several processes with one GPU between them.

        Raises:
            InputError: that.
        """
        parameter = next(self.model.parameters(), None)
        if processes > 1 and parameter is not None and parameter.device.type != "cpu":
            raise InputError(
                f"{processes} processes are for CPUs, and the network is on "
                f"{parameter.device}. For a process per GPU: torchrun --nproc-per-node "
                f"{processes} -m axialkit evaluate ..."
            )

    def answer(
        self, sample: SamplePaths, instance_ids: Int[np.ndarray, "height width"], *, oracle: bool
    ) -> Answer:
        """Run the network and the post-processing on one image.

        Raises:
            InputError: the image is unreadable or not of its labels' size.
        """
        image = read_rgb(sample.image)
        check_sizes(sample, image, instance_ids)
        result, prediction = self._look(image)
        ladder = oracle_counts(prediction, instance_ids, self.config) if oracle else None
        scores = {segment.label: segment.score for segment in score_segments(result)}
        return Answer(result.panoptic, result.semantic, scores, ladder)

    def segment(self, path: Path) -> PanopticResult:
        """Run the network and the post-processing on an image without any truth.

        Raises:
            InputError: the image is unreadable.
        """
        return self._look(read_rgb(path))[0]

    def _look(
        self, image: UInt8[np.ndarray, "height width 3"]
    ) -> tuple[PanopticResult, Prediction]:
        [prediction] = predict_images(self.model, [image], self.config, self.options.passes)
        found = panoptic_from_prediction(prediction, self.config.postprocess)
        return restore_size(found, image.shape, self.config), prediction
