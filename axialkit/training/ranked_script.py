"""One of the processes of a script: its lines are marked, its mistake is one sentence.

torchrun ... -m axialkit.training.ranked_script SCRIPT FOLDER

What the script leaves in ``result`` (tensors, numbers, text, lists and dicts of them) is written to
``FOLDER/RANK.pt``. ``FOLDER/handed.py``, if there is one, runs before it, in the same names.
"""

import io
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from axialkit.errors import LOST, is_loss_of_others

HANDED = "handed.py"


class _Marked(io.TextIOBase):
    """Writes whole lines only, each with the rank before it: others write to the same screen."""

    def __init__(self, rank: str) -> None:
        self.rank, self.begun = rank, ""

    def write(self, text: str) -> int:
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            os.write(1, f"{self.rank} │ {line}\n".encode())
        return len(text)

    def finish(self) -> None:
        """Write what has no end of line yet."""
        if self.begun:
            self.write("\n")


def run(script: Path, folder: Path, rank: str) -> bool:
    """Run a script; return whether it came to its end."""
    marked = _Marked(rank)
    sys.stdout = sys.stderr = marked
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(script)}
    try:
        for path in (folder / HANDED, script):
            if path.exists():
                exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
        if "result" in names:
            import torch  # only where it is needed: a start takes seconds

            torch.save(names["result"], folder / f"{rank}.pt")
    except Exception as error:  # noqa: BLE001  (whatever the script raises)
        marked.finish()
        os.write(1, f"axialkit: {sentence(error, rank, script)}\n".encode())
        return False
    marked.finish()
    return True


def sentence(error: Exception, rank: str, script: Path) -> str:
    """Say which process stopped, where in its script, and with what."""
    if is_loss_of_others(error):
        return f"{LOST}: process {rank} waited for them."
    said = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError) and error.filename == str(script):
        return f"Process {rank} cannot read line {error.lineno}: {said}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(script)]
    where = f" in line {frames[-1].lineno}, `{frames[-1].line}`," if frames else ""
    return f"Process {rank} stopped{where} with {said}"


def main(words: list[str]) -> int:
    """Run ``SCRIPT FOLDER`` as the process that torchrun's variables say."""
    script, folder = map(Path, words)
    return not run(script, folder, os.environ["RANK"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
