"""Stand-ins for a network: they answer at once, with segments that are known beforehand."""

import numpy as np

from axialkit.structures import VOID, PanopticResult


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Draw a picture of noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _result(labels: np.ndarray, probability: np.ndarray) -> PanopticResult:
    """Wrap labels in a result; what the exercise does not need is as it may be."""
    nothing = np.zeros(labels.shape, np.int64)
    semantic = (labels // 1000).astype(np.uint8)
    return PanopticResult(
        labels, semantic, nothing, np.zeros((0, 2), np.int64), np.zeros(0),
        np.full(labels.shape, 0.25, np.float32), probability,
    )  # fmt: skip


def stand_in(image: np.ndarray) -> PanopticResult:
    """Answer at once, in place of a network: road, a building, two cars, a person, a void frame."""
    height, width = image.shape[:2]
    labels = np.zeros((height, width), np.int32)
    labels[: height // 2] = 2000
    labels[height // 2 : height // 2 + 2, 1:4] = 13001
    labels[height // 2 : height // 2 + 2, 5:7] = 13002
    labels[-1, width - 3 :] = 11001
    labels[0] = VOID
    probability = np.where(labels >= 11000, 0.5, 0.75)
    probability[-1, 0] = 1.0
    probability[labels == VOID] = 0
    return _result(labels, probability.astype(np.float32))  # as networks give it


def sees_nothing(image: np.ndarray) -> PanopticResult:
    """Answer with void everywhere."""
    shape = image.shape[:2]
    return _result(np.full(shape, VOID, np.int32), np.zeros(shape, np.float32))


def sees_equals(image: np.ndarray) -> PanopticResult:
    """Answer with upright bands of 13 segments, all but the last two pixels wide."""
    kinds = (13002, 0, 18001, 11003, 2000, 13001, 11001, 8000, 11002, 10000, 1000, 13003)
    bands = np.array([*kinds, 12001], np.int32)
    row = bands[np.minimum(np.arange(image.shape[1]) // 2, len(bands) - 1)]
    labels = np.repeat(row[None], image.shape[0], axis=0)
    return _result(labels, np.full(labels.shape, 0.5, np.float32))
