"""Messages between two processes, by torch.distributed: what collective functions are made of."""

import torch
from torch import Tensor, distributed

_DTYPES = (torch.float32, torch.float64, torch.int64)
_LENGTH = 8  # numbers of a header: type, axes, and their lengths


class Peers:
    """This process among all of them, able to send tensors to each and to receive some.

    Sending does not wait for the receiver. Messages of one process arrive in their order. Only
    float32, float64 and int64 with at most six axes can be sent.

    Example::

        with process_group() as processes:
            peers = Peers(processes.device)
            peers.send(x, (peers.rank + 1) % peers.count)
            y = peers.receive((peers.rank - 1) % peers.count)
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self.rank, self.count = distributed.get_rank(), distributed.get_world_size()
        self.device = device or torch.device("cpu")
        self._on_the_way: list[tuple[distributed.Work, Tensor]] = []

    def send(self, tensor: Tensor, to: int) -> None:
        """Send a copy of a tensor; go on at once."""
        shape = [_DTYPES.index(tensor.dtype), tensor.ndim, *tensor.shape]
        header = torch.tensor(shape + [0] * (_LENGTH - len(shape)), device=self.device)
        body = tensor.detach().to(self.device).contiguous().clone()
        self._on_the_way = [each for each in self._on_the_way if not each[0].is_completed()]
        for part in (header, body) if body.numel() else (header,):
            work = distributed.isend(part, to)
            assert work is not None  # this process is in the group
            self._on_the_way.append((work, part))

    def receive(self, source: int) -> Tensor:
        """Wait for the next tensor of another process."""
        header = torch.empty(_LENGTH, dtype=torch.int64, device=self.device)
        distributed.recv(header, source)
        kind, axes, *lengths = header.tolist()
        body = torch.empty(lengths[:axes], dtype=_DTYPES[kind], device=self.device)
        if body.numel():
            distributed.recv(body, source)
        return body

    def finish(self) -> None:
        """Wait until everything that was sent has arrived."""
        for work, _ in self._on_the_way:
            work.wait()
        self._on_the_way.clear()
