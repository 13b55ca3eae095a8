import torch

from axialkit.attention.positions import look_up, position_table, relative_index


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
