"""The input pipeline: where the time of a training sample goes, and images per second."""

import cProfile
import itertools
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch

from axialkit.config import DataConfig, ExperimentConfig
from axialkit.data.dataset import PanopticDataset, build_loader
from axialkit.data.minicity import generate
from axialkit.data.targets import panoptic_targets

# what is measured -> the functions that do it, the outermost ones only
STAGES = {
    "decode image": ("images.py:read_rgb",),
    "decode labels": ("cityscapes.py:_read_label",),
    "resample": ("resize.py:resize_image", "resize.py:resize_label"),
    "colors": ("autoaugment.py:recolor",),
    "check and encode labels": ("cityscapes.py:_check_ids", "cityscapes.py:panoptic_label"),
    "pad and crop": ("augment.py:pad_to", "augment.py:crop"),
    "targets": ("targets.py:panoptic_targets",),
}
UNAVOIDABLE = ("decode image", "decode labels", "resample")
_SIZE = (1024, 2048)  # of Cityscapes' images
_INSTANCES = 60


class Pipeline(NamedTuple):
    """CPU milliseconds per training sample of one process: all, and by stage."""

    total: float
    stages: dict[str, float]

    @property
    def unavoidable(self) -> float:
        """Share of the time that decodes files and resamples pixels, 0..1."""
        return sum(self.stages[name] for name in UNAVOIDABLE) / self.total


def bench_data(
    config: ExperimentConfig, root: Path | None, samples: int, workers: tuple[int, ...]
) -> dict[str, Any]:
    """Measure the pipeline on the training images of ``root``, or on drawn ones of 1024x2048.

    Raises:
        InputError: no such data set, or unreadable files.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if root is None:
            root = Path(scratch) / "city"
            generate(root, size=_SIZE, train=4, val=0, test=0, workers=1, progress=False)
        dataset = PanopticDataset(root, "train", config.data, training=True, cache_bytes=0)
        pipeline = profile_samples(dataset, samples)
        rates = {count: images_per_second(dataset, samples, count) for count in workers}
    return {
        "samples": samples,
        "milliseconds": pipeline.total,
        "stages": pipeline.stages,
        "unavoidable_share": pipeline.unavoidable,
        "images_per_second": rates,
        "targets_milliseconds": targets_milliseconds(config.data),
    }


def profile_samples(dataset: PanopticDataset, samples: int) -> Pipeline:
    """Make that many training samples in this process under Python's profiler, CPU time only."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a worker
    dataset[0, 0]  # imports and tables
    profile = cProfile.Profile(time.process_time)
    for number in range(samples):
        profile.runcall(dataset.__getitem__, (1 + number // len(dataset), number % len(dataset)))
    torch.set_num_threads(threads)
    spent = {_name(entry.code): entry.totaltime for entry in profile.getstats()}
    scale = 1000 / samples
    stages = {
        stage: scale * sum(spent.get(name, 0.0) for name in names)
        for stage, names in STAGES.items()
    }
    return Pipeline(scale * spent["dataset.py:__getitem__"], stages)


def images_per_second(dataset: PanopticDataset, samples: int, workers: int) -> float:
    """Return how many training samples a loader delivers with that many worker processes."""
    batches = build_loader(dataset, 1, workers=workers)
    warm_up = 1 + 2 * workers
    for _ in itertools.islice(batches, warm_up):
        pass
    began = time.perf_counter()
    for _ in itertools.islice(batches, samples):
        pass
    return samples / (time.perf_counter() - began)


def targets_milliseconds(config: DataConfig, repeats: int = 9) -> float:
    """Return the median CPU time of the targets of a map of 1025x2049 with 60 instances."""
    label, times = crowded_label(), []
    for _ in range(repeats):
        began = time.process_time()
        panoptic_targets(label, config)
        times.append(time.process_time() - began)
    return 1000 * median(times)


def crowded_label() -> np.ndarray:
    """Return a panoptic map of 1025x2049 with 60 cars side by side in front of buildings."""
    label = np.full((_SIZE[0] + 1, _SIZE[1] + 1), 2000, np.int32)
    for number in range(_INSTANCES):
        row, column = divmod(number, 15)
        y, x = 300 + 170 * row, 10 + 135 * column
        label[y : y + 100, x : x + 120] = 13_001 + number
    label[-1], label[:, -1] = 255_000, 255_000
    return label


def _name(code: Any) -> str:  # noqa: ANN401  (a built-in function has only its name)
    return code if isinstance(code, str) else f"{Path(code.co_filename).name}:{code.co_name}"
