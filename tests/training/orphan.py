"""A process that outlives its parent and then hangs with Python's lock in its hands.

python -m tests.training.orphan            the parent: prints the child's number, and ends
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

from axialkit.training import distributed


def child() -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)  # as the training loop: it only takes note
    parent = os.getppid()
    distributed._PATIENCE = 1
    distributed._end_with_parent()
    print(os.getpid(), flush=True)
    while os.getppid() == parent:
        time.sleep(0.05)
    time.sleep(1.5)  # the watch has seen it
    ctypes.PyDLL(None).sleep(1000)  # in C, without releasing the lock


def parent() -> None:
    words = [sys.executable, "-m", "tests.training.orphan", "child"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        print(process.stdout.readline().strip(), flush=True)
        os._exit(0)


if __name__ == "__main__":
    child() if sys.argv[1:] else parent()
