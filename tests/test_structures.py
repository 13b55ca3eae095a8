import torch

from axialkit.structures import Targets


def test_targets_are_thinned_out_together():
    maps = Targets(
        *(torch.arange(35.0).reshape(5, 7) for _ in range(4)),
        torch.zeros(2, 5, 7),
        torch.ones(5, 7),
    )
    thin = maps.at_stride(2)
    assert thin.offset.shape == (2, 3, 4)
    assert thin.semantic.tolist() == [[0, 2, 4, 6], [14, 16, 18, 20], [28, 30, 32, 34]]
