"""From files to an endless, resumable stream of training batches.

Which image stands where, and every random draw, follow from (seed, epoch, index) alone. So a run
that starts again at step n sees what it would have seen, with any number of workers, and several
processes together see what one would.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

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

OnSkip = Callable[[InputError], None]


class PanopticDataset(Dataset[Sample]):
    """The samples of one split of a Cityscapes folder.

    Training samples are augmented; ``dataset[epoch, index]`` gives the draws of that epoch. Others
    are whole images, shrunk if they exceed the crop, and padded below and on the right.
    ``stride`` keeps every n-th row and column of the targets, for losses on a coarser grid.

    Decoded files stay in memory if all of them together fit into ``cache_bytes``, per process.

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
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.root = Path(root)
        self.samples = list_samples(root, split)
        self.config = config
        self.training = training
        self.stride = stride
        self.seed = seed
        self.cache_bytes = cache_bytes
        self._cache: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: int | tuple[int, int]) -> Sample:
        """Return one sample; a plain index means epoch 0."""
        epoch, index = key if isinstance(key, tuple) else (0, key)
        image, label = self._decoded(index)
        if self.training:
            pixels, label = augment(image, label, self.config, self.generator(epoch, index))
        else:
            pixels, label = fit(image, label, self.config.crop_size)
        targets = panoptic_targets(label, self.config).at_stride(self.stride)
        return Sample(
            torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1),
            Targets(*(map_.contiguous() for map_ in targets)),  # workers send the kept pixels only
        )

    def generator(self, epoch: int, index: int) -> np.random.Generator:
        """Return the source of all random draws of a training sample, from its beginning."""
        return np.random.default_rng([_AUGMENT, self.seed, epoch, index])

    def order(self, epoch: int) -> list[int]:
        """Return the indices of all samples in the order of that epoch."""
        generator = np.random.default_rng([_ORDER, self.seed, epoch])
        return generator.permutation(len(self)).tolist()

    def _decoded(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if index in self._cache:
            return self._cache[index]
        image, label = read_pair(self.samples[index], keep_crowd=self.config.keep_crowd)
        if (image.nbytes + label.nbytes) * len(self) <= self.cache_bytes:
            self._cache[index] = image, label
        return image, label


def read_pair(
    paths: SamplePaths, *, keep_crowd: bool = False
) -> tuple[UInt8[np.ndarray, "height width 3"], Int32[np.ndarray, "height width"]]:
    """Read an image and its panoptic label (see ``panoptic_label`` on crowds).

    Raises:
        InputError: one of the files is unreadable, or their sizes differ.
    """
    image, instance_ids = read_image_and_ids(paths)
    return image, panoptic_label(instance_ids, keep_crowd=keep_crowd)


def read_image_and_ids(
    paths: SamplePaths,
) -> tuple[UInt8[np.ndarray, "height width 3"], Int32[np.ndarray, "height width"]]:
    """Read an image and its instanceIds.png, which still tell crowds from void.

    Raises:
        InputError: one of the files is unreadable, or their sizes differ.
    """
    image, instance_ids = read_rgb(paths.image), read_instance_ids(paths.instance_ids)
    check_sizes(paths, image, instance_ids)
    return image, instance_ids


def check_sizes(
    paths: SamplePaths,
    image: UInt8[np.ndarray, "height width 3"],
    instance_ids: Int32[np.ndarray, "labels_height labels_width"],
) -> None:
    """Refuse an image whose labels are of another size.

    Raises:
        InputError: that; both sizes.
    """
    if image.shape[:2] != instance_ids.shape:
        raise InputError(
            f"{paths.image} is {image.shape[0]}x{image.shape[1]} (height x width), but its labels "
            f"{paths.instance_ids} are {instance_ids.shape[0]}x{instance_ids.shape[1]}. Both must "
            "come from the same release of the data set; unpack them again."
        )


class Share(NamedTuple):
    """Which part of every batch a process takes: the ``rank``-th of ``processes`` equal ones.

    With ``accumulate`` the batch comes in that many pieces, one after the other, and the processes
    share each of them.
    """

    rank: int = 0
    processes: int = 1
    accumulate: int = 1

    def size(self, batch_size: int) -> int:
        """Return how many images one piece has for one process.

        Raises:
            InputError: the batch cannot be divided that way.
        """
        parts = self.processes * self.accumulate
        if batch_size % parts:
            raise InputError(
                f"A batch of {batch_size} images cannot be shared by {self.processes} processes"
                f"{f' in {self.accumulate} pieces' if self.accumulate > 1 else ''}: set "
                f"train.batch-size to a multiple of {parts}."
            )
        return batch_size // parts


ALONE = Share()


def build_loader(
    dataset: PanopticDataset,
    batch_size: int,
    *,
    start_step: int = 0,
    workers: int = 0,
    share: Share = ALONE,
    on_skip: OnSkip | None = None,
) -> Iterator[Sample]:
    """Yield batches for ever: epoch after epoch, each in an order of its own.

    Batches run across the borders of epochs, so all are full. ``start_step`` skips that many
    batches without reading them. With ``workers`` that many processes read ahead. ``share`` says
    which part of every batch this process gets, and in how many pieces.

    An image that cannot be read is replaced by the next one of its epoch, as long as no more than
    ``dataset.config.skip_unreadable`` are so; ``on_skip`` is told of each, once.

    Raises:
        InputError: as ``read_pair``, when the batch with that sample is reached; the batch cannot
            be shared.
    """
    loader: DataLoader[Any] = DataLoader(
        _Guarded(dataset),
        batch_sampler=_Endless(dataset, batch_size, start_step, share),
        num_workers=workers,
        collate_fn=_collate,
        worker_init_fn=_ignore_interrupts,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # torch's global one belongs to the weights and drop path
    )
    skipped: set[str] = set()
    for batch, errors in loader:
        for error in errors:
            if str(error) in skipped:
                continue
            skipped.add(str(error))
            if len(skipped) > dataset.config.skip_unreadable:
                raise _too_many(error, len(skipped))
            if on_skip is not None:
                on_skip(error)
        yield batch


class _Endless(Sampler[list[tuple[int, int]]]):
    """Lists of (epoch, index), one per piece of a batch."""

    def __init__(
        self, dataset: PanopticDataset, batch_size: int, start_step: int, share: Share
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.start_step = start_step
        self.share = share
        self.piece = share.size(batch_size)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        keys = self._keys()
        while True:
            batch = [next(keys) for _ in range(self.batch_size)]
            for number in range(self.share.accumulate):
                first = (number * self.share.processes + self.share.rank) * self.piece
                yield batch[first : first + self.piece]

    def _keys(self) -> Iterator[tuple[int, int]]:
        epoch, skipped = divmod(self.start_step * self.batch_size, len(self.dataset))
        while True:
            for index in self.dataset.order(epoch)[skipped:]:
                yield epoch, index
            epoch, skipped = epoch + 1, 0


# a sample, and why others could not be taken in its place; without a sample, none could be
_Guess = tuple[Sample | None, list[InputError]]


class _Guarded(Dataset[_Guess]):
    """Returns an InputError instead of raising it: a worker would bury its sentence."""

    def __init__(self, dataset: PanopticDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> _Guess:
        epoch, index = key
        errors: list[InputError] = []
        for _ in range(self.dataset.config.skip_unreadable + 1):
            try:
                return self.dataset[epoch, index], errors
            except InputError as error:
                errors.append(error)
                index = (index + 1) % len(self.dataset)
        return None, errors


def _collate(guesses: list[_Guess]) -> tuple[Sample | None, list[InputError]]:
    errors = [error for _, errors in guesses for error in errors]
    samples = [sample for sample, _ in guesses if sample is not None]
    if len(samples) < len(guesses):
        return None, errors
    image = default_collate([sample.image.permute(1, 2, 0) for sample in samples])
    targets = default_collate([sample.targets for sample in samples])
    return Sample(image.permute(0, 3, 1, 2), targets), errors  # channels-last, as networks like it


def _too_many(error: InputError, count: int) -> InputError:
    if count == 1:
        return error
    return InputError(
        f"{count} images could not be read, more than data.skip-unreadable allows. The last one: "
        f"{error}"
    )


def _ignore_interrupts(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process' to handle
