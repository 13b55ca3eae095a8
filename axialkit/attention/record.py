"""Looking at the attention weights of a running network, with hooks that clean up."""

from collections.abc import Iterator
from contextlib import contextmanager

from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.layers import AxialAttention1d

AttentionMaps = dict[str, Float[Tensor, "sequence head query key"]]


@contextmanager
def record_attention(model: nn.Module) -> Iterator[AttentionMaps]:
    """Collect the attention weights of every axial layer during a forward pass.

    Yields a dict that the next forward fills: layer name, such as ``stage4.block2.height``, to
    weights ``[sequence, head, query, key]``, detached. Sequences of a height layer are (batch,
    column), those of a width layer (batch, row). Hooks are removed even if the body fails.

    Raises:
        ValueError: the model has no axial attention layer.

    Example::

        with record_attention(model) as maps:
            model(image)
        maps["stage4.block2.width"]
    """
    layers = {
        _short(name): layer
        for name, layer in model.named_modules()
        if isinstance(layer, AxialAttention1d)
    }
    if not layers:
        raise ValueError(f"{type(model).__name__} has no axial attention layer to record")
    maps: AttentionMaps = {}
    hooks = [
        layer.activation.register_forward_hook(
            lambda _module, _inputs, weights, name=name: maps.update({name: weights.detach()})
        )
        for name, layer in layers.items()
    ]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()


def _short(name: str) -> str:
    """``backbone.stages.stage4.block2.branch.attention.height`` -> ``stage4.block2.height``."""
    dropped = {"backbone", "stages", "branch", "attention"}
    return ".".join(part for part in name.split(".") if part not in dropped)
