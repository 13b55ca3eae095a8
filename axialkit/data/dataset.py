"""From files to an endless, resumable stream of training batches.

Which image stands where, and every random draw, follow from (seed, epoch, index) alone. So a run
that starts again at step n sees what it would have seen, with any number of workers.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int32, UInt8
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from axialkit.config import DataConfig
from axialkit.data.augment import augment, fit
from axialkit.data.cityscapes import SamplePaths, list_samples, panoptic_label, read_instance_ids
from axialkit.data.images import read_rgb
from axialkit.data.targets import panoptic_targets
from axialkit.errors import InputError
from axialkit.structures import Sample, Targets

CACHE_BYTES = 400_000_000  # per process; MiniCity's 1200 images of 128x256 take 275 MB

_ORDER, _AUGMENT = 1, 2  # the two random streams of a data set


class PanopticDataset(Dataset[Sample]):
    """The samples of one split of a Cityscapes folder.

    Training samples are augmented; ``dataset[epoch, index]`` gives the draws of that epoch. Others
    are whole images, shrunk if they exceed the crop, and padded below and on the right.
    ``stride`` keeps every n-th row and column of the targets, for losses on a coarser grid.

    Decoded files stay in memory as long as all of them fit into ``CACHE_BYTES``.

    Example:
        dataset = PanopticDataset("data/minicity", "train", get_preset("tiny").data, training=True)
        image, targets = dataset[0]
    """

    def __init__(
        self,
        root: Path | str,
        split: str,
        config: DataConfig,
        *,
        training: bool,
        stride: int = 1,
        seed: int = 0,
    ) -> None:
        self.samples = list_samples(root, split)
        self.config = config
        self.training = training
        self.stride = stride
        self.seed = seed
        self._cache: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: int | tuple[int, int]) -> Sample:
        """Return one sample; a plain index means epoch 0."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        image, label = self._decoded(index)
        if self.training:
            generator = np.random.default_rng([_AUGMENT, self.seed, epoch, index])
            pixels, label = augment(image, label, self.config, generator)
        else:
            pixels, label = fit(image, label, self.config.crop_size)
        targets = panoptic_targets(label, self.config).at_stride(self.stride)
        return Sample(
            torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))),
            Targets(*(map_.contiguous() for map_ in targets)),  # workers send the kept pixels only
        )

    def order(self, epoch: int) -> list[int]:
        """Return the indices of all samples in the order of that epoch."""
        generator = np.random.default_rng([_ORDER, self.seed, epoch])
        return generator.permutation(len(self)).tolist()

    def _decoded(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if index in self._cache:
            return self._cache[index]
        image, label = read_pair(self.samples[index])
        if (image.nbytes + label.nbytes) * len(self) <= CACHE_BYTES:
            self._cache[index] = image, label
        return image, label


def read_pair(
    paths: SamplePaths,
) -> tuple[UInt8[np.ndarray, "height width 3"], Int32[np.ndarray, "height width"]]:
    """Read an image and its panoptic label.

    Raises:
        InputError: one of the files is unreadable, or their sizes differ.
    """
    image, instance_ids = read_image_and_ids(paths)
    return image, panoptic_label(instance_ids)


def read_image_and_ids(
    paths: SamplePaths,
) -> tuple[UInt8[np.ndarray, "height width 3"], Int32[np.ndarray, "height width"]]:
    """Read an image and its instanceIds.png, which still tell crowds from void.

    Raises:
        InputError: one of the files is unreadable, or their sizes differ.
    """
    image, instance_ids = read_rgb(paths.image), read_instance_ids(paths.instance_ids)
    if image.shape[:2] != instance_ids.shape:
        raise InputError(
            f"{paths.image} is {image.shape[0]}x{image.shape[1]} (height x width), but its labels "
            f"{paths.instance_ids} are {instance_ids.shape[0]}x{instance_ids.shape[1]}. Both must "
            "come from the same release of the data set; unpack them again."
        )
    return image, instance_ids


def build_loader(
    dataset: PanopticDataset, batch_size: int, *, start_step: int = 0, workers: int = 0
) -> Iterator[Sample]:
    """Yield batches for ever: epoch after epoch, each in an order of its own.

    Batches run across the borders of epochs, so all are full. ``start_step`` skips that many
    batches without reading them. With ``workers`` that many processes read ahead.

    Raises:
        InputError: as ``read_pair``, when the batch with that sample is reached.
    """
    loader: DataLoader[Any] = DataLoader(
        _Guarded(dataset),
        batch_sampler=_Endless(dataset, batch_size, start_step),
        num_workers=workers,
        collate_fn=_collate,
        worker_init_fn=_ignore_interrupts,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator(),  # torch's global one belongs to the weights and drop path
    )
    for batch in loader:
        if isinstance(batch, InputError):
            raise batch
        yield batch


class _Endless(Sampler[list[tuple[int, int]]]):
    """Lists of (epoch, index), one per batch."""

    def __init__(self, dataset: PanopticDataset, batch_size: int, start_step: int) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.start_step = start_step

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        first_epoch, skipped = divmod(self.start_step * self.batch_size, len(self.dataset))
        batch: list[tuple[int, int]] = []
        epoch = first_epoch
        while True:
            for index in self.dataset.order(epoch)[skipped if epoch == first_epoch else 0 :]:
                batch.append((epoch, index))
                if len(batch) == self.batch_size:
                    yield batch
                    batch = []
            epoch += 1


class _Guarded(Dataset[Sample | InputError]):
    """Returns an InputError instead of raising it: a worker would bury its sentence."""

    def __init__(self, dataset: PanopticDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> Sample | InputError:
        try:
            return self.dataset[key]
        except InputError as error:
            return error


def _collate(samples: list[Sample | InputError]) -> Sample | InputError:
    errors = [sample for sample in samples if isinstance(sample, InputError)]
    return errors[0] if errors else default_collate(samples)


def _ignore_interrupts(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process' to handle
