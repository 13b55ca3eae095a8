"""Two processes with half a batch each train as one with the whole."""

import pytest
import torch
from torch import distributed, multiprocessing, nn

from axialkit.attention import AxialAttention1d
from axialkit.attention.batch_norm import BatchNorm, synchronize_batch_norms

BACKENDS = ["reference", "fused", "sdpa"]
SIZES = 3, 2  # sequences of the two: unequal on purpose


class Small(nn.Module):
    """A convolution's norm and attention with its three."""

    def __init__(self):
        super().__init__()
        self.norm = BatchNorm(6)
        self.attention = AxialAttention1d(6, 4, 6, heads=2)

    def forward(self, x):
        return self.attention(self.norm(x.transpose(1, 2)).transpose(1, 2))


def make():
    torch.manual_seed(0)
    x = torch.randn(sum(SIZES), 5, 6, dtype=torch.float64)
    model = Small().double()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model, x


def step(model, x, slope, backend):
    model.attention.backend = backend
    x = x.clone().requires_grad_()
    answer = model(x)
    (answer * slope).sum().backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return answer.detach(), x.grad, gradients, dict(model.named_buffers())


def half(rank, address, results):
    distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    for backend in BACKENDS:
        model, x = make()
        assert synchronize_batch_norms(model) == 4
        slope = torch.linspace(-1, 1, x.numel(), dtype=x.dtype).view_as(x)
        part = slice(0, SIZES[0]) if rank == 0 else slice(SIZES[0], None)
        torch.save(step(model, x[part], slope[part], backend), f"{results}/{backend}{rank}")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    multiprocessing.spawn(half, (f"file://{folder}/meet", str(folder)), nprocs=2)
    return folder


@pytest.mark.parametrize("backend", BACKENDS)
def test_halves_make_the_whole(backend, results):
    model, x = make()
    slope = torch.linspace(-1, 1, x.numel(), dtype=x.dtype).view_as(x)
    answer, grad, gradients, buffers = step(model, x, slope, backend)
    one, two = (torch.load(results / f"{backend}{rank}") for rank in (0, 1))
    torch.testing.assert_close(torch.cat([one[0], two[0]]), answer)
    torch.testing.assert_close(torch.cat([one[1], two[1]]), grad)
    for name, whole in gradients.items():
        torch.testing.assert_close(one[2][name] + two[2][name], whole, msg=name)
    for name, moved in buffers.items():
        for found in (one[3][name], two[3][name]):
            torch.testing.assert_close(found, moved, msg=name)


def test_alone_it_changes_nothing():
    model, x = make()
    plain = model(x)
    again, _ = make()
    assert synchronize_batch_norms(again) == 4
    torch.testing.assert_close(again(x), plain)
