"""Which weights the authors released: ten archives of TensorFlow checkpoints."""

import os
from typing import NamedTuple

from axialkit.config import get_preset
from axialkit.errors import InputError, suggest

BASE_URL = "https://storage.googleapis.com/gresearch/tf-deeplab/checkpoint"
MIRROR_VARIABLE = "AXIALKIT_WEIGHTS_URL"
CITYSCAPES = "cityscapes"  # the whole panoptic network
IMAGENET = "imagenet"  # its backbone only, the start of the training
KINDS = (CITYSCAPES, IMAGENET)


class Released(NamedTuple):
    """One archive; ``archive`` is its name without the ending."""

    preset: str
    kind: str
    archive: str

    @property
    def file(self) -> str:
        return f"{self.archive}.tar.gz"

    @property
    def url(self) -> str:
        return f"{os.environ.get(MIRROR_VARIABLE) or BASE_URL}".rstrip("/") + f"/{self.file}"

    @property
    def folder(self) -> str:
        """Name of the converted weights' folder in the cache."""
        return f"{self.preset}-{self.kind}"

    @property
    def get_command(self) -> str:
        kind = "" if self.kind == CITYSCAPES else f" --kind {self.kind}"
        return f"axialkit weights get {self.preset}{kind}"


_PRESETS = (
    "axial_swidernet_1_1_1",
    "axial_swidernet_1_1_3",
    "axial_swidernet_1_1_4.5",
    "max_deeplab_s_backbone",
    "max_deeplab_l_backbone",
)
# the names of the archives are those of deeplab2's model zoo, which states no sizes or checksums
RELEASED: tuple[Released, ...] = (
    *(Released(p, CITYSCAPES, f"{p}_os16_axial_deeplab_cityscapes_trainfine") for p in _PRESETS),
    *(Released(p, IMAGENET, f"{p}_imagenet1k_strong_training_strategy") for p in _PRESETS),
)


def find_released(preset: str, kind: str) -> Released:
    """Return the archive of a preset.

    Raises:
        InputError: no such preset or kind, or the authors released none of it.
    """
    if kind not in KINDS:
        raise InputError(
            f'There is no kind of weights "{kind}".{suggest(kind, list(KINDS))} '
            f"Kinds: {', '.join(KINDS)}."
        )
    found = [each for each in RELEASED if (each.preset, each.kind) == (preset, kind)]
    if found:
        return found[0]
    names = released_names()
    if suggest(preset, names) == "":
        get_preset(preset)  # an unknown name is a matter of its own
    raise InputError(
        f'The authors released no weights of "{preset}".{suggest(preset, names)} '
        f"Released: {', '.join(names)}."
    )


def released_names() -> list[str]:
    """Presets of which weights were released."""
    return list(dict.fromkeys(each.preset for each in RELEASED))


def guess_released(name: str) -> Released | None:
    """Recognise an archive, or the folder it unpacks to, by its name; None if it is no such."""
    for each in RELEASED:
        if name.removesuffix(".tar.gz").removesuffix(".tgz") == each.archive:
            return each
    return None
