"""A network with a part of its attention switched off, for a while: what was that part good for?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.layers import AxialAttention2d
from axialkit.attention.reference import retrieved_content
from axialkit.attention.switch import axial_layers
from axialkit.errors import InputError

Sequences = Float[Tensor, "sequence length channel"]
Answers = Float[Tensor, "sequence length value_channel"]


@contextmanager
def without_positions(model: nn.Module) -> Iterator[None]:
    """Let all attention layers run by content alone: no relative position in logits or values.

    The batch norms stay, so what is missing is each position term's varying part. In evaluation
    mode only; afterwards everything is as before, also after an error.
    """
    with _replaced(model, axial_layers(model), _by_content):
        yield


@contextmanager
def without_axis(model: nn.Module, axis: str) -> Iterator[None]:
    """Let one of both passes look nowhere: each cell attends to itself alone along that axis.

    Raises:
        InputError: ``axis`` is neither "height" nor "width".
    """
    if axis not in ("height", "width"):
        raise InputError(f'There is no axis "{axis}". Choose "height" or "width".')
    layers = {
        f"{name}.{axis}": getattr(layer, axis)
        for name, layer in model.named_modules()
        if isinstance(layer, AxialAttention2d)
    }
    with _replaced(model, layers, _by_itself):
        yield


def _by_content(layer: AxialAttention1d, x: Sequences) -> Answers:
    if not layer.terms.content or not layer.terms.value_content:
        raise InputError("A layer without content terms has nothing left without positions.")
    q, k, v = layer.project(x)
    content = layer.term_logits(q, k)[0]
    retrieved = retrieved_content(layer.activation(content), v)
    parts = [retrieved, *[torch.zeros_like(retrieved)] * (layer.terms.outputs - 1)]
    return layer.sum_outputs(rearrange(parts, "term b head length e -> b length term head e"))


def _by_itself(layer: AxialAttention1d, x: Sequences) -> Answers:
    _, _, v = layer.project(x)
    itself = torch.eye(v.shape[2], dtype=v.dtype, device=v.device)
    return layer.retrieve(itself.expand(*v.shape[:2], -1, -1), v)


@contextmanager
def _replaced(
    model: nn.Module,
    layers: dict[str, AxialAttention1d],
    compute: Callable[[AxialAttention1d, Sequences], Answers],
) -> Iterator[None]:
    """Put other answers in the place of the layers' own."""
    if model.training:
        raise InputError("Call model.eval() first: statistics of other answers would be learned.")

    @torch.no_grad()
    def replace(layer: AxialAttention1d, arguments: tuple[Tensor], _: Tensor) -> Tensor:
        return compute(layer, *arguments)

    hooks = [layer.register_forward_hook(replace) for layer in layers.values()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
