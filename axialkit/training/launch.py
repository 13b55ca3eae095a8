"""Start a training of several processes from a terminal, a script or a notebook.

Everything runs in processes of its own, under torchrun, so that a notebook's kernel neither has to
be able to fork nor dies with them.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

import axialkit
from axialkit.errors import LOST, InputError
from axialkit.training.interrupt import sigterm_interrupts

_TORCHRUN = "torch/distributed/elastic"  # in its log lines
_PATIENCE = 60  # seconds that an interrupted run has to write its checkpoint
_KILLED = re.compile(r"failed \(exitcode: -(\d+)\) local_rank: (\d+)")  # torchrun's words
_NOTHING: Mapping[str, str] = {}


def torchrun_command(
    arguments: Sequence[str], processes: int, *, max_restarts: int = 0
) -> list[str]:
    """Return the command that runs ``axialkit ARGUMENTS`` in processes of this machine.

    Raises:
        InputError: fewer than one process.
    """
    torchrun = torchrun_of(processes)
    return [*torchrun, "--max-restarts", str(max_restarts), "-m", "axialkit", *arguments]


def torchrun_of(processes: int, *options: str) -> list[str]:
    """Return the beginning of a command: torchrun for processes of this machine, on a free port.

    Raises:
        InputError: fewer than one process.
    """
    if processes < 1:
        raise InputError(f"The number of processes must be at least 1, got {processes}.")
    agent = [sys.executable, "-m", "axialkit.training.agent", *options]
    return [*agent, "--standalone", "--nproc-per-node", str(processes)]


def launch(
    arguments: Sequence[str],
    processes: int,
    *,
    max_restarts: int = 0,
    show: Callable[[str], object] = print,
) -> None:
    """Run ``axialkit ARGUMENTS`` in several processes and show their output line by line.

    Interrupting it (Ctrl-C, SIGTERM, the stop button of a notebook) lets the run write its
    checkpoint first.

    Raises:
        InputError: the processes fail; the end of what they said is in the message.
        KeyboardInterrupt: interrupted, after the processes have ended.

    Example::

        launch(["train", "tiny", "--data", "data/minicity", "--out", "runs/two"], processes=2)
    """
    run_shown(torchrun_command(arguments, processes, max_restarts=max_restarts), show)


def run_shown(
    command: Sequence[str],
    show: Callable[[str], object] = print,
    variables: Mapping[str, str] = _NOTHING,
) -> None:
    """Run a command of ``torchrun_of``, with more variables if given; as ``launch`` says.

    Raises:
        InputError: as there.
        KeyboardInterrupt: as there.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": _python_path(), **variables}
    environment.setdefault("OMP_NUM_THREADS", "1")  # or the processes fight for the cores
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,  # the notebook's Ctrl-C is ours to pass on, once
    )
    said: list[str] = []
    try:
        with sigterm_interrupts():
            _listen(process, said, show)
    except KeyboardInterrupt:
        process.terminate()  # torchrun passes it on, and waits for the others
        patience = threading.Timer(_PATIENCE, _end, [process])
        patience.start()
        _listen(process, said, show)
        patience.cancel()
        raise
    finally:
        _end(process)
    if process.returncode:
        raise InputError(_failure(said, process.returncode))


def _python_path() -> str:
    """Let the processes import the package that runs here, wherever it lies."""
    own = str(Path(axialkit.__file__).parents[1])
    earlier = os.environ.get("PYTHONPATH")
    return os.pathsep.join([own, earlier]) if earlier else own


def _listen(process: subprocess.Popen[str], said: list[str], show: Callable[[str], object]) -> None:
    """Show what the processes print until all of them have ended."""
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.rstrip("\n"))
        show(said[-1])
    process.wait()


def _end(process: subprocess.Popen[str]) -> None:
    """Leave no process behind."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _failure(said: list[str], status: int) -> str:
    ours = [line.removeprefix("axialkit: ") for line in said if line.startswith("axialkit: ")]
    guilty = [sentence for sentence in ours if not sentence.startswith(LOST)]
    if ours:  # our own sentence says it best
        return (guilty or ours)[-1]
    for line in said:
        if killed := _KILLED.search(line):
            name = signal.Signals(int(killed[1])).name
            return f"Process {killed[2]} was killed by {name}: for want of memory, perhaps."
    words = [*takewhile(lambda line: _TORCHRUN not in line, said)] or said  # torchrun adds pages
    return "\n".join([f"The processes ended with status {status}. Their last words:", *words[-15:]])
