from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from axialkit.attention import AxialAttention1d, tiles
from axialkit.attention.tiles import cut, scratch_for

CPU = torch.device("cpu")


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("heads", [1, 8, 16])
@pytest.mark.parametrize("length", [1, 2, 65, 129, 513, 2049])
@pytest.mark.parametrize("sequences", [1, 7, 65])
def test_every_logit_is_in_one_tile(sequences, length, heads, backward):
    chunks, parts = cut((sequences, heads, length), 64, CPU, backward=backward)
    rows = torch.zeros(sequences, heads)
    for chunk in chunks:
        rows[chunk.rows, chunk.heads] += 1
    assert (rows == 1).all()
    queries = torch.zeros(length)
    for tile in parts:
        queries[tile.queries] += 1
        assert tile.size <= tiles.TILE_QUERIES
        assert tile.distances.stop - tile.distances.start == length + tile.size - 1
    assert (queries == 1).all()


@pytest.mark.parametrize("heads", [1, 8])
@pytest.mark.parametrize(("length", "depth"), [(33, 64), (129, 64), (129, 256), (1025, 64)])
def test_tiles_fit_the_cache_whatever_the_length(length, depth, heads):
    for backward in (False, True):
        chunks, parts = cut((65, heads, length), depth, CPU, backward=backward)
        pairs = max((c.rows.stop - c.rows.start) * (c.heads.stop - c.heads.start) for c in chunks)
        assert pairs * max(t.size for t in parts) * length <= tiles.CPU_ELEMENTS
        assert pairs * length * depth <= 2 * tiles.CPU_ELEMENTS


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("length", [65, 257, 1025])
@pytest.mark.parametrize("depths", [(256, 512), (1024, 2048)], ids=["MaX-S", "wide"])
def test_all_buffers_together_stay_below_their_bound(depths, length, training, monkeypatch):
    """32 MB for each of two threads."""
    monkeypatch.setattr(tiles, "_kept", type("Kept", (), {})())
    layer = AxialAttention1d(16, *depths, heads=8, backend="fused").train(training)
    x = torch.randn(max(4, 2080 // length), length, 16, requires_grad=training)
    with torch.set_grad_enabled(training):
        answer = layer(x)
        if training:
            answer.sum().backward()
    scratch = scratch_for(x)
    assert scratch._free, "the layer computed elsewhere"
    assert sum(buffer.numel() for buffer in scratch._free.values()) * 4 <= 2 * 32 * 2**20


def test_buffers_grow_and_are_lent_again():
    scratch = scratch_for(torch.empty(0, dtype=torch.float64))
    assert scratch is scratch_for(torch.empty(1, dtype=torch.float64))
    assert scratch is not scratch_for(torch.empty(1, dtype=torch.bfloat16))
    with torch.inference_mode():
        first = scratch.take("test", 4, 5)
    assert first.is_contiguous() and first.dtype == torch.float64
    assert scratch.take("test", 2, 3).data_ptr() == first.data_ptr()
    assert scratch.take("test", 50, 5).shape == (50, 5)
    scratch.take("test", 1).add_(1)  # outside inference mode too
    scratch._free.pop("test")


def test_threads_do_not_share_buffers():
    """A web page answers its visitors in several threads at once."""
    torch.manual_seed(0)
    layer = AxialAttention1d(16, 32, 64, heads=4, backend="fused").eval()
    inputs = [torch.randn(8, 40 + 7 * number, 16) for number in range(4)]

    def answer(x):
        with torch.inference_mode():
            return [layer(x) for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        for x, found in zip(inputs, pool.map(answer, inputs), strict=True):
            (expected, *_) = answer(x)
            assert all(torch.equal(one, expected) for one in found)
