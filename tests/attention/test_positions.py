import pytest
import torch

from axialkit.attention import AxialAttention1d
from axialkit.attention.positions import (
    distance_rows,
    look_up,
    position_table,
    relative_index,
    windows,
)


def test_row_is_key_minus_query_clipped():
    for length, max_distance in ((1, 4), (4, 4), (9, 3)):
        index = relative_index(length, max_distance)
        for i in range(length):
            for j in range(length):
                distance = min(max(j - i, 1 - max_distance), max_distance - 1)
                assert index[i, j] == distance + max_distance - 1


def test_look_up_is_the_table_at_the_index():
    table = position_table(3, max_distance=5)
    assert table.shape == (9, 3)
    assert table.abs().max() <= 2
    torch.testing.assert_close(look_up(table, 4)[1, 3], table[4 + 2])


@pytest.mark.parametrize(("length", "max_distance"), [(1, 4), (4, 4), (9, 3)])
def test_windows_are_the_looked_up_vectors_with_the_keys_from_last_to_first(length, max_distance):
    table = position_table(3, max_distance).detach()
    rows = distance_rows(table, length)
    assert rows.shape == (2 * length - 1, 3)
    vectors = windows(rows, length, length)
    assert torch.equal(vectors.flip(1), look_up(table, length))
    assert vectors.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()
    for start in range(length):  # a tile of the last queries
        tile = windows(rows[start:], length - start, length)
        assert torch.equal(tile, vectors[start:])


def test_windows_of_a_table_that_lies_column_by_column():
    table = position_table(3, max_distance=5).detach().T.contiguous().T
    assert not table.is_contiguous()
    assert torch.equal(windows(distance_rows(table, 4), 4, 4).flip(1), look_up(table, 4))


@pytest.mark.parametrize("backend", ["fused", "sdpa"])
def test_every_backend_reads_such_a_table(backend):
    torch.manual_seed(0)
    layer = AxialAttention1d(6, 4, 8, heads=2, max_distance=9, backend="reference").eval()
    for name in ("query_table", "key_table", "value_table"):
        table = getattr(layer, name).detach()
        setattr(layer, name, torch.nn.Parameter(table.T.contiguous().T))
    x = torch.randn(2, 9, 6, requires_grad=True)
    expected = layer(x)
    (expected_grad,) = torch.autograd.grad(expected.square().sum(), x)
    layer.backend = backend
    answer = layer(x)
    torch.testing.assert_close(answer, expected)
    torch.testing.assert_close(torch.autograd.grad(answer.square().sum(), x)[0], expected_grad)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected)
