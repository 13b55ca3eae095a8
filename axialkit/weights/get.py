"""``axialkit weights get``: from the authors' server into the cache, in axialkit's form."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from axialkit.config import ExperimentConfig
from axialkit.weights.convert import Origin, convert_archive, released_origin
from axialkit.weights.download import download, forget, in_words, part_of
from axialkit.weights.files import WEIGHTS_FILE
from axialkit.weights.home import DOWNLOADS, working_folder
from axialkit.weights.released import Released

_ROOM_AFTER = 2.2  # the unpacked and the converted files, both about as large as the archive


def get_weights(
    released: Released,
    config: ExperimentConfig,
    home: Path,
    *,
    keep_archive: bool = False,
    say: Callable[[str], object] = print,
) -> Path:
    """Download, check, unpack and convert an archive; return the folder of the weights.

    What is in the cache already is not fetched again, and an archive in its folder ``downloads``
    is used as it is, and left there. After an interruption the same call goes on.

    Raises:
        InputError: no connection, no room, a damaged archive, or one that does not fit the config.
    """
    folder, archive = home / released.folder, home / DOWNLOADS / released.file
    if (folder / WEIGHTS_FILE).is_file():
        say(f"Already there: {folder}")
        return folder
    was_there = archive.is_file()
    if was_there:
        say(f"Using {archive}")
    else:
        _fetch(released, archive, say)
    origin = released_origin(released, archive)
    say(_about(origin))
    say("Unpacking and converting")
    with working_folder(home) as work:
        report, _ = convert_archive(archive, config, origin, folder, work)
    say(report.summary())
    forget(part_of(archive))  # of an earlier attempt, if the archive was placed by hand
    if keep_archive or was_there:
        say(f"The archive stays: {archive}")
    else:
        archive.unlink(missing_ok=True)  # another get of the same may have been faster
        with suppress(OSError):  # other files are there
            archive.parent.rmdir()
    return folder


def _fetch(released: Released, archive: Path, say: Callable[[str], object]) -> None:
    part = part_of(archive)
    if part.is_file():
        say(f"Going on with {released.url} ({in_words(part.stat().st_size)} are here)")
    else:
        say(f"Downloading {released.url}")
    download(released.url, archive, room_after=_ROOM_AFTER)


def _about(origin: Origin) -> str:
    return (
        f"Archive: {in_words(origin.archive_bytes or 0)}, sha256 {origin.archive_sha256}\n"
        "The authors publish no checksums to compare it with; this one is kept in source.json."
    )
