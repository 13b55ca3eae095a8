"""One switch for the backend of all attention layers of a model."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.backends import check_backend
from axialkit.errors import InputError


def axial_layers(model: nn.Module) -> dict[str, AxialAttention1d]:
    """Return all attention layers of one axis (or of all pixels) under their dotted names."""
    return {
        name: layer for name, layer in model.named_modules() if isinstance(layer, AxialAttention1d)
    }


def set_attention_backend(model: nn.Module, backend: str) -> int:
    """Let all attention layers of a model compute by one backend; return their number.

    At any time, in training too: weights and moving statistics stay as they are. Either all layers
    are switched, or none.

    Raises:
        InputError: no such backend, or a layer that it cannot compute.

    Example::

        set_attention_backend(model, "reference")  # to look into it
        set_attention_backend(model, "auto")
    """
    layers = axial_layers(model)
    check_backend(backend, softmax=True)
    for name, layer in layers.items():
        try:
            check_backend(backend, softmax=layer.softmax)
        except InputError as error:
            raise InputError(f"{name}: {error}" if name else str(error)) from None
    for layer in layers.values():
        layer.backend = backend
    return len(layers)


@contextmanager
def attention_backend(model: nn.Module, backend: str) -> Iterator[None]:
    """Switch the backend for a while; afterwards every layer has its own again.

    Raises:
        InputError: as ``set_attention_backend``.
    """
    before = {layer: layer.backend for layer in axial_layers(model).values()}
    set_attention_backend(model, backend)
    try:
        yield
    finally:
        for layer, name in before.items():
            layer.backend = name
