"""Writing files so that a crash, Ctrl-C or a full disk never leaves half a file behind."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from axialkit.errors import InputError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


@contextmanager
def atomic_path(path: Path | str, *, durable: bool = False) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it to ``path`` when the body succeeds.

    If the body fails, the temporary file is removed and an older ``path`` is left as it was. The
    temporary name keeps the suffix, so that libraries which choose a format by it still work.
    The parent folder is created. A ``durable`` file also survives a power cut right afterwards.

    Raises:
        InputError: the folder cannot be created or written to, or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if durable:
            _to_disk(temporary)
        temporary.replace(path)
        if durable:
            _to_disk(path.parent)
    except PermissionError as error:
        raise InputError(
            f"Cannot write {path}: no permission. Choose another folder or change its rights."
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"Cannot write {path}: a part of this path is a file, not a folder. Choose another."
        ) from error
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise InputError(
            f"Cannot write {path}: {os.strerror(error.errno)}. Free some space or choose another "
            "folder, then run it again."
        ) from error
    finally:
        with suppress(OSError):  # never hides the reason why there may be nothing to remove
            temporary.unlink()


def _to_disk(path: Path) -> None:
    """Wait until a file or a folder is really written."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path | str, content: Any, indent: int | None = 2) -> None:  # noqa: ANN401
    """Write ``content`` as JSON, atomically, with a newline at the end."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=indent) + "\n")


def read_json(path: Path | str) -> Any:  # noqa: ANN401
    """Read a JSON file.

    Raises:
        InputError: the file is missing or is not JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(f"There is no file {path}.") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(
            f"{path} is not valid JSON ({error}). Make or download it again."
        ) from error
