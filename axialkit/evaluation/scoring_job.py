"""Scoring one image: what every process of an evaluation does, and where the results are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Integer

from axialkit.data.cityscapes import SamplePaths, read_instance_ids
from axialkit.data.minicity import SpecialObject
from axialkit.errors import InputError
from axialkit.evaluation.claim import claim_folder
from axialkit.evaluation.id_pictures import labels_of_ids, read_id_picture
from axialkit.evaluation.image_scores import (
    ImageScores,
    read_scores,
    score_image,
    with_masks,
    write_scores,
)
from axialkit.evaluation.official_files import (
    INSTANCE,
    SEMANTIC,
    prediction_json,
    write_instances,
    write_label_ids,
    write_prediction,
)
from axialkit.evaluation.predictions import Answer, Predictions

SETTINGS, IMAGES = "evaluation_settings.json", "images"


class Scored(NamedTuple):
    """One image that has been scored."""

    scores: ImageScores
    annotation: dict[str, Any]  # its entry in the panoptic JSON


@dataclass(frozen=True)
class ScoringJob:
    """What it takes to score one image; sent to every process."""

    predictions: Predictions
    root: Path
    split: str
    folder: Path
    specials: Mapping[str, list[SpecialObject]]  # MiniCity's, by image
    oracle: frozenset[str]  # images that get the ladder
    limit: int | None  # the first images only
    labels_changed: int  # when the truth last was, nanoseconds since 1970
    all_forms: bool  # write what the official scripts read, besides the panoptic maps

    def claim(self) -> None:
        """Note in the folder what is evaluated there.

        Raises:
            InputError: the folder belongs to something else.
        """
        own = {
            **self.predictions.identity,
            "data": str(self.root.resolve()),
            "split": self.split,
            "limit": self.limit,
            "labels_changed": self.labels_changed,
            "oracle_images": len(self.oracle),
        }
        claim_folder(self.folder, SETTINGS, own)
        # an evaluation that breaks off must not look complete
        prediction_json(self.folder, self.split).unlink(missing_ok=True)

    def kept(self, samples: Sequence[SamplePaths]) -> int:
        """Return how many of the images have been scored already."""
        return sum(self._kept(sample.name).is_file() for sample in samples)

    def _kept(self, name: str) -> Path:
        return self.folder / IMAGES / f"{name}.json"

    def __call__(self, sample: SamplePaths) -> Scored | str:
        """Score one image, or return why that cannot be done."""
        kept = self._kept(sample.name)
        if kept.is_file():
            return Scored(*read_scores(kept))
        try:
            ids = read_instance_ids(sample.instance_ids)
            answer = self.predictions.answer(sample, ids, oracle=sample.name in self.oracle)
            specials = with_masks(self.root, self.split, self.specials.get(sample.name, []))
            scores = score_image(sample, answer, ids, specials)
        except InputError as error:
            return str(error)
        annotation = self._write(sample.name, answer)
        write_scores(kept, scores, annotation)
        return Scored(scores, annotation)

    def _write(self, name: str, answer: Answer) -> dict[str, Any]:
        """Write an answer in the official forms, where they are not there already."""
        own = self.predictions.own_files
        if self.all_forms and answer.semantic is not None and own.semantic is None:
            write_label_ids(self.folder / SEMANTIC, name, answer.semantic)
        if self.all_forms and answer.scores is not None:
            scores = list(answer.scores.items())
            write_instances(self.folder / INSTANCE, name, answer.panoptic, scores)
        if own.panoptic_json is not None:
            return {}
        return write_prediction(self.folder, self.split, name, answer.panoptic, answer.scores)

    def prediction_of(self, sample: SamplePaths) -> Integer[np.ndarray, "height width"]:
        """Return the panoptic map of an image that has been scored."""
        if self.predictions.own_files.panoptic_json is not None:
            ids = read_instance_ids(sample.instance_ids)
            return self.predictions.answer(sample, ids, oracle=False).panoptic
        path = self._picture(sample.name)
        return labels_of_ids(path, read_id_picture(path))

    def has_all_files(self, samples: Sequence[SamplePaths]) -> bool:
        """Return whether the predictions of all images can be read here."""
        if self.predictions.own_files.panoptic_json is not None:
            return True
        return all(self._picture(sample.name).is_file() for sample in samples)

    def _picture(self, name: str) -> Path:
        return prediction_json(self.folder, self.split).with_suffix("") / f"{name}.png"
