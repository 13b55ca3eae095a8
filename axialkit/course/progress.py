"""What a learner has done, in one JSON file on their own machine: no account, no network.

The file is ``progress.json`` in the folder named by AXIALKIT_HOME, else in the user's data folder.
Lesson -> section ("checks", "hints", "predictions", ...) -> key -> value.
"""

import os
import sys
from pathlib import Path
from typing import Any

from axialkit.errors import InputError
from axialkit.files import read_json, write_json

Record = dict[str, Any]


def home() -> Path:
    """Return the folder for files that belong to the user, not to a clone of the repository."""
    if chosen := os.environ.get("AXIALKIT_HOME"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "axialkit"


class Progress:
    """The record of one learner. A file that cannot be read or written never stops a lesson.

    ``path=None`` keeps everything in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._memory: Record = {}

    def section(self, lesson: str, section: str) -> Record:
        """Return one section of one lesson; empty if there is nothing yet."""
        return dict(self.read().get(lesson, {}).get(section, {}))

    def put(self, lesson: str, section: str, key: str, value: Any) -> None:  # noqa: ANN401
        """Store one value. The file is read again first: two notebooks may be open."""
        record = self.read()
        record.setdefault(lesson, {}).setdefault(section, {})[key] = value
        self._memory = record
        if self.path is None:
            return
        try:
            write_json(self.path, record)
        except (InputError, OSError) as error:
            self._keep_in_memory(f"Progress is kept in memory only: {error}")

    def read(self) -> Record:
        """Return the whole record."""
        if self.path is None or not self.path.exists():
            return self._memory
        try:
            record = read_json(self.path)
        except OSError as error:
            self._keep_in_memory(f"Progress is kept in memory only: {error}")
            return self._memory
        except InputError:
            return self._set_aside()
        return record if _is_record(record) else self._set_aside()

    def _set_aside(self) -> Record:
        assert self.path is not None
        broken = self.path.with_suffix(".broken.json")
        try:
            self.path.replace(broken)
            print(f"{self.path} could not be read: moved to {broken.name}, starting a new record.")
        except OSError as error:
            self._keep_in_memory(f"Progress is kept in memory only: {error}")
        return self._memory

    def _keep_in_memory(self, message: str) -> None:
        print(f"{message} Set AXIALKIT_HOME to a folder of yours to keep it.")
        self.path = None


def _is_record(content: object) -> bool:
    """Whether the file has the form lesson -> section -> key -> value."""
    return isinstance(content, dict) and all(
        isinstance(lesson, dict) and all(isinstance(part, dict) for part in lesson.values())
        for lesson in content.values()
    )
