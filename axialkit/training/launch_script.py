"""Run a piece of code in several processes from a notebook, and get its results back."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from axialkit.training.launch import run_shown, torchrun_of
from axialkit.training.ranked_script import HANDED

_NOISE = ("torch/distributed/elastic", "torch/distributed/run.py")  # torchrun's own log lines


def launch_script(
    code: str, processes: int, *, handed: str = "", show: Callable[[str], object] = print
) -> list[Any]:
    """Run ``code`` in several processes; return the ``result`` of each, None where there is none.

    Lines are shown as they come, each with the rank of its process. ``handed`` is code that runs
    before, such as functions of the notebook. With fewer GPUs than processes all use the CPU.
    Interrupting it ends the processes, and so does the end of this one.

    Raises:
        InputError: a process fails; the message is the sentence of the one that failed first.
        KeyboardInterrupt: interrupted, after the processes have ended.

    Example::

        launch_script("import os; result = int(os.environ['RANK'])", processes=2)  # [0, 1]
    """
    with TemporaryDirectory(prefix="axialkit-") as name:
        folder = Path(name)
        script = folder / "script.py"
        script.write_text(code, encoding="utf-8")
        (folder / HANDED).write_text(handed, encoding="utf-8")
        command = torchrun_of(processes, "--end-with-parent")
        command += ["-m", "axialkit.training.ranked_script", str(script), name]
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if torch.cuda.device_count() < processes else {}

        def show_ours(line: str) -> None:
            if not line.startswith("axialkit: ") and not any(noise in line for noise in _NOISE):
                show(line)

        run_shown(command, show_ours, hidden)
        return [_load(folder / f"{rank}.pt") for rank in range(processes)]


def _load(path: Path) -> Any:  # noqa: ANN401  (whatever the script left)
    return torch.load(path, weights_only=True) if path.exists() else None
