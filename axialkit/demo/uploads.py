"""Pictures of visitors: decoded by us, with limits, before anything else sees them."""

from pathlib import Path

from axialkit.data.images import read_rgb
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture

MAX_PIXELS = 25_000_000  # of a file; decoded it takes 75 MB
MOST_STRETCHED = 20  # longer side per shorter side

NO_PICTURE = "There is no picture yet. Choose, roll or upload one first."


def read_upload(path: str | None) -> Picture:
    """Decode the picture in a file, turned upright; nothing about it is logged.

    Raises:
        InputError: no file, no picture, damaged, animated, too large or a mere line. It names the
            file, never its folder.
    """
    if path is None:
        raise InputError(NO_PICTURE)
    if not Path(path).exists():
        raise InputError(
            f"{Path(path).name} is no longer here: pictures are deleted after half an hour. "
            "Choose it again."
        )
    try:
        image = read_rgb(path, max_pixels=MAX_PIXELS, report=False)
    except InputError as error:  # visitors know the name of their file, not our folder
        raise InputError(str(error).replace(path, Path(path).name)) from None
    height, width = image.shape[:2]
    if max(height, width) > MOST_STRETCHED * min(height, width):
        raise InputError(
            f"{Path(path).name} has {height} x {width} pixels (height x width): one side is more "
            f"than {MOST_STRETCHED} times as long as the other. Crop it to a part that shows "
            "something."
        )
    return image
