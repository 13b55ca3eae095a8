import pytest
import torch

from axialkit.attention.batch_norm import BatchNorm
from tests.golden_layers import check_layer


@pytest.mark.parametrize(("case", "unbiased"), [("bn4d_sync", False), ("bn4d_plain", True)])
def test_equals_the_reference(case, unbiased, load_golden):
    check_layer(BatchNorm(5, unbiased=unbiased), load_golden(f"model/layers/{case}.npz"))


def test_moving_variance_is_biased():
    norm = BatchNorm(2)
    x = torch.randn(2, 2, 2)
    norm(x)
    biased = x.transpose(0, 1).flatten(1).var(dim=1, unbiased=False)
    torch.testing.assert_close(norm.running_var, 0.99 + 0.01 * biased)
