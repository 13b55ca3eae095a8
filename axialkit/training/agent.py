"""torchrun, as it is, without the pages that it adds when a process fails or is stopped.

python -m axialkit.training.agent [--end-with-parent] [options of torchrun] -m axialkit train ...

With ``--end-with-parent`` everything ends when the program that started it does, a notebook's
kernel, say, however that ended.
"""

import os
import signal
import sys
import threading
import time

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main

END_WITH_PARENT = "--end-with-parent"


def _end_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)  # torchrun passes it on, waits, and kills

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == [END_WITH_PARENT]:
        words = words[1:]
        _end_with_parent()
    try:
        main(words)
    except (ChildFailedError, SignalException):  # the processes have said why
        sys.exit(1)
