"""Where downloaded weights are kept on this machine."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from axialkit.errors import InputError

HOME_VARIABLE = "AXIALKIT_HOME"
DOWNLOADS = "downloads"  # archives, whole or begun
_WORK = ".axialkit-work"  # what a running command needs for a while


def home_folder() -> Path:
    """Return the cache: ``AXIALKIT_HOME``, else the user's cache folder of this system."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("axialkit")


@contextmanager
def working_folder(inside: Path) -> Iterator[Path]:
    """Yield an empty folder inside another that is gone afterwards, whatever happens.

    Removes those of processes that were killed before they could tidy up, too.

    Raises:
        InputError: it cannot be written to.
    """
    folder = inside / _WORK / f"{socket.gethostname()}.{os.getpid()}"
    _remove_abandoned(folder.parent)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            f"Cannot write into {inside}: {error.strerror}. Choose another folder; that of the "
            f"cache is named by {HOME_VARIABLE}."
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another process works there
            folder.parent.rmdir()


def _remove_abandoned(work: Path) -> None:
    for folder in work.glob(f"{socket.gethostname()}.*"):
        if not _is_another(int(folder.suffix.removeprefix("."))):
            shutil.rmtree(folder, ignore_errors=True)


def _is_another(process: int) -> bool:
    """Return whether a process runs and is not this one."""
    try:
        os.kill(process, 0)  # no signal: it only asks
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return process != os.getpid()
