"""``axialkit data show ROOT``: one sample as the network gets it, with all its targets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from axialkit.cli.parse import OptionalCount, parse
from axialkit.config import OUTPUT_STRIDE, DataConfig, get_preset
from axialkit.errors import InputError, suggest
from axialkit.files import atomic_path

if TYPE_CHECKING:
    from axialkit.data.augment import Draws
    from axialkit.data.cityscapes import SamplePaths
    from axialkit.data.dataset import PanopticDataset

SMALL_HEIGHT = 256  # images up to here get the constants of the preset "tiny"


@dataclass(frozen=True)
class Arguments:
    """Draw one sample as the network gets it, and every target that is computed from its labels.

    The image; the classes and their weights; the heat map of centers; the offsets. With --augment
    it is what training sees in that epoch, otherwise the whole image. The draws of the
    augmentation are printed: the same seed and epoch give the same picture in training.

    Examples:
      axialkit data show data/minicity
      axialkit data show data/minicity --split val --index 7 --out seven.png
      axialkit data show data/minicity --preset tiny --augment --epoch 3
      axialkit data show data/cityscapes --name aachen_000000_000019 --augment

    Next:
      axialkit train tiny --data data/minicity
    """

    root: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="ROOT")]
    """Folder that holds leftImg8bit and gtFine."""
    split: str = "train"
    """train, val or test."""
    name: Annotated[str, tyro.conf.arg(metavar="CITY_SEQ_FRAME", help_behavior_hint="")] = ""
    """Which image, by its name."""
    index: OptionalCount = None
    """Which image, by its number in the sorted split; by default 0."""
    preset: Annotated[str, tyro.conf.arg(metavar="PRESET", help_behavior_hint="")] = ""
    """Whose data settings; by default those of tiny for images up to 256 rows, else the official
    ones, with a crop just above the size of the image."""
    augment: bool = False
    """Draw the sample of training, augmented at random."""
    epoch: int = 0
    """Epoch of the augmented sample."""
    seed: int = 0
    """Seed of the augmented sample (train.seed)."""
    out: Annotated[Path, tyro.conf.arg(metavar="PATH")] = Path("sample.png")
    """PNG to write."""


def command(argv: list[str]) -> int:
    """Draw the sample; print how it came about."""
    arguments = parse(Arguments, argv, "data show")
    _check(arguments)
    from axialkit.data.cityscapes import list_samples
    from axialkit.data.dataset import PanopticDataset
    from axialkit.data.images import read_rgb
    from axialkit.visualize.sample import draw_sample, find_instances

    samples = list_samples(arguments.root, arguments.split)
    index = _find(arguments, samples)
    height, width = read_rgb(samples[index].image).shape[:2]
    config = _data_config(arguments.preset, (height, width))
    dataset = PanopticDataset(
        arguments.root, arguments.split, config,
        training=arguments.augment, seed=arguments.seed, cache_bytes=0,
    )  # fmt: skip
    sample = dataset[arguments.epoch, index]
    title = f"{arguments.split}: {samples[index].name}"
    title += f", augmented as in epoch {arguments.epoch}" if arguments.augment else ""
    with atomic_path(arguments.out) as temporary:
        draw_sample(sample, title).savefig(temporary, format="png")

    print(f"{samples[index].name} ({height}x{width}), number {index} of {arguments.split}")
    if arguments.augment:
        draws = training_draws(dataset, (height, width), arguments.epoch, index)
        print(_describe(draws, (height, width)))
    instances = find_instances(sample)
    small = sum(instance.is_small for instance in instances)
    print(
        f"instances   {len(instances)}; small ones (less than {config.small_instance_area} pixels, "
        f"weight {config.small_instance_weight:g}): {small}"
    )
    print(f"Written: {arguments.out}")
    return 0


def training_draws(
    dataset: PanopticDataset, size: tuple[int, int], epoch: int, index: int
) -> Draws:
    """Draw again what ``dataset[epoch, index]`` draws for an image of that size."""
    from axialkit.data.augment import draw

    return draw(size, dataset.config, dataset.generator(epoch, index))


def _check(arguments: Arguments) -> None:
    if arguments.name and arguments.index is not None:
        raise InputError("--name and --index both say which image. Give one of the two.")
    for flag in ("epoch", "seed"):
        value = getattr(arguments, flag)
        if value < 0:
            raise InputError(f"--{flag} must be 0 or larger, got {value}.")
        if value > 0 and not arguments.augment:
            raise InputError(f"--{flag} {value} changes the augmentation only. Add --augment.")


def _find(arguments: Arguments, samples: list[SamplePaths]) -> int:
    """Return the number of the image that is asked for."""
    if arguments.name:
        names = [sample.name for sample in samples]
        name = Path(arguments.name).name.removesuffix("_leftImg8bit.png")
        if name not in names:
            raise InputError(
                f'There is no image "{name}" in {arguments.root}/leftImg8bit/{arguments.split}.'
                f"{suggest(name, names)}"
            )
        return names.index(name)
    index = arguments.index or 0
    if not 0 <= index < len(samples):
        raise InputError(
            f"There is no image {index} in {arguments.split}; there are 0..{len(samples) - 1}."
        )
    return index


def _data_config(preset: str, size: tuple[int, int]) -> DataConfig:
    """Return a preset's settings, or without a name what fits images of that size."""
    if preset:
        return get_preset(preset).data
    base = get_preset("tiny" if size[0] <= SMALL_HEIGHT else "axial_swidernet_1_1_1").data
    height, width = (-(-(side - 1) // OUTPUT_STRIDE) * OUTPUT_STRIDE + 1 for side in size)
    return replace(base, crop_size=(height, width))


def _describe(draws: Draws, size: tuple[int, int]) -> str:
    """Put the draws into words, one per line."""
    from axialkit.data.augment import scaled_size

    height, width = scaled_size(size, draws.scale)
    names = [f"{o.name} at level {o.level:g}" for o in draws.colors]
    return "\n".join(
        [
            f"scale       {draws.scale:.3f}: the image becomes {height}x{width}",
            f"colors      {', then '.join(names) or 'unchanged'}",
            f"pad         {draws.pad[0]} rows above, {draws.pad[1]} columns left",
            f"crop        from row {draws.crop[0]}, column {draws.crop[1]}",
            f"flip        {'mirrored left and right' if draws.flip else 'no'}",
        ]
    )
