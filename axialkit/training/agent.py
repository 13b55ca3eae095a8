"""torchrun, as it is, without the pages that it adds when a process fails or is stopped.

python -m axialkit.training.agent [options of torchrun] -m axialkit train ...
"""

import sys

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ChildFailedError, SignalException):  # the processes have said why
        sys.exit(1)
