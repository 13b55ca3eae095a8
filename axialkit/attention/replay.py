"""An attention layer once more, from the input it had: by other terms, or over all pixels.

The layers themselves are not changed, so one recorded picture can be asked many questions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from einops import einsum, rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.record import layer_name
from axialkit.attention.switch import axial_layers
from axialkit.errors import InputError

Weights = Float[Tensor, "sequence head query key"]
Sequences = Float[Tensor, "sequence length channel"]
Projected = Float[Tensor, "column head height d"]


class LogitTerms(NamedTuple):
    """Which terms of the logits count when weights are formed again."""

    content: bool = True  # q·k
    query_position: bool = True  # q·r
    key_position: bool = True  # k·r


ALL_TERMS = LogitTerms()


@contextmanager
def record_inputs(model: nn.Module) -> Iterator[dict[str, Sequences]]:
    """Collect what goes into each attention layer during a forward pass, detached.

    Layers are named as ``record_attention`` names them. Far smaller than attention maps, and all
    of them follow from it (``replay_weights``).

    Example::

        with record_inputs(model) as inputs:
            model(image)
        weights = replay_weights(layer, inputs["stage4.block2.height"])
    """
    inputs: dict[str, Sequences] = {}

    def hook_for(name: str) -> Callable[[AxialAttention1d, tuple[Tensor]], None]:
        def keep(_: AxialAttention1d, arguments: tuple[Tensor]) -> None:
            inputs[name] = arguments[0].detach()

        return keep

    hooks = [
        layer.register_forward_pre_hook(hook_for(layer_name(name)))
        for name, layer in axial_layers(model).items()
    ]
    try:
        yield inputs
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def replay_weights(layer: AxialAttention1d, x: Sequences, terms: LogitTerms = ALL_TERMS) -> Weights:
    """Return the attention weights of a layer for an input, by the terms that count.

    Terms are counted after their batch norms. With all of them these are the weights that
    ``record_attention`` collects; with none, all keys weigh the same. A term that the layer does
    not have cannot count. The layer must be in evaluation mode.
    """
    q, k, _ = layer.project(x)
    has = layer.terms
    present = [
        wanted
        for wanted, there in zip(
            terms, (has.content, has.query_position, has.key_position), strict=True
        )
        if there
    ]
    logits = layer.term_logits(q, k)
    chosen = torch.tensor(present, device=logits.device)
    return layer.activation(logits[chosen].sum(0))


@torch.no_grad()
def global_weights(
    layer: AxialAttention1d, q: Projected, k: Projected, cells: Int[Tensor, "n 2"]
) -> Float[Tensor, "n head height column"]:
    """Let some cells attend to all cells at once, with the queries and keys of a height pass.

    What the paper's non-local rival would do with the same queries and keys: content only, with
    the layer's own batch norm of that term. No network was trained to look this way.

    Args:
        layer: the height pass of an axial layer, in evaluation mode, with a content term.
        q: its queries for one image (``layer.project``): sequences are columns.
        k: its keys.
        cells: the cells that ask, whole numbers (y, x).

    Raises:
        InputError: the layer has no content term.
    """
    if not layer.terms.content:
        raise InputError("This layer has no content term, so it cannot attend to all cells by it.")
    asked = q[cells[:, 1], :, cells[:, 0]]
    scale, shift = (part[0] for part in layer.logit_affine())
    logits = einsum(asked, k, "n head d, column head y d -> n head y column")
    logits = torch.addcmul(shift[:, None, None], logits, scale[:, None, None])
    weights = layer.activation(rearrange(logits, "n head y column -> n head (y column)"))
    return rearrange(weights, "n head (y column) -> n head y column", column=k.shape[0])
