import torch

from axialkit.model.absolute_positions import AbsolutePositions1d, AbsolutePositions2d
from tests.golden_layers import check_layer


def test_both_kinds_equal_the_reference(load_golden):
    check_layer(AbsolutePositions1d(5, (4, 6)), load_golden("model/layers/abs_pe_1d.npz"))
    check_layer(AbsolutePositions2d(5, (4, 6)), load_golden("model/layers/abs_pe_2d.npz"))


def test_other_sizes_interpolate_the_table():
    torch.manual_seed(0)
    positions = AbsolutePositions2d(3, (3, 5)).eval()
    zeros = torch.zeros(1, 3, 5, 9)
    fine, coarse = positions(zeros), positions(zeros[:, :, :3, :5])
    torch.testing.assert_close(fine[:, :, ::2, ::2], coarse)


def test_1d_positions_tell_rows_apart_but_not_columns():
    """The reference's own slip, kept."""
    torch.manual_seed(0)
    out = AbsolutePositions1d(3, (4, 6)).eval()(torch.zeros(1, 3, 4, 6))
    assert (out.std(dim=3) == 0).all() and (out.std(dim=2) > 0).all()
