"""A folder of results belongs to one piece of work: nothing else is mixed into it."""

from pathlib import Path

from axialkit.errors import InputError
from axialkit.files import read_json, write_json


def claim_folder(folder: Path, file_name: str, settings: dict[str, object]) -> bool:
    """Note in a folder what is done there; return whether the same was begun before.

    Raises:
        InputError: something else was, or the folder holds pictures of unknown origin.
    """
    path = folder / file_name
    if not path.is_file():
        foreign = [*folder.glob("*.png"), *folder.glob("cityscapes_panoptic_*")]
        if foreign:
            raise InputError(
                f"{folder} holds {foreign[0].name}, which another program has written and which "
                "might be overwritten. Choose another folder for the results."
            )
        write_json(path, settings)
        return False
    there = read_json(path)
    differing = [key for key in settings if there.get(key) != settings[key]]
    if differing:
        raise InputError(
            f"{folder} holds other results: they differ in {', '.join(differing)}. Choose another "
            "folder, or remove this one."
        )
    return True
