"""Looking at the attention weights of a running network, with hooks that clean up."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.switch import axial_layers
from axialkit.errors import InputError, suggest

Weights = Float[Tensor, "sequence head query key"]
Terms = Float[Tensor, "term sequence head query key"]
Sequences = Float[Tensor, "sequence length channel"]
Answers = Float[Tensor, "sequence length value_channel"]

_ELEMENTS = 2**24  # of the maps that are formed at a time


class AttentionMaps(dict[str, Tensor]):
    """What ``record_attention`` collects: weights by layer, in the network's order."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[str, Terms] = {}
        # largest difference between a layer's answer and that of the recorded weights, relative
        # to the largest number in it (or to 1)
        self.differences: dict[str, float] = {}

    @property
    def difference(self) -> float:
        """The largest difference of all layers."""
        return max(self.differences.values(), default=0.0)


@contextmanager
def record_attention(
    model: nn.Module,
    *,
    layers: Collection[str] | None = None,
    terms: bool = False,
    keep: Callable[[str, Weights], Tensor] | None = None,
) -> Iterator[AttentionMaps]:
    """Collect the attention weights of the axial layers during a forward pass.

    Yields a dict that the next forward fills: layer name, such as ``stage4.block2.height``, to
    weights ``[sequence, head, query, key]``, detached. Sequences of a height layer are (batch,
    column), those of a width layer (batch, row). Hooks are removed even if the body fails.

    Whatever backend computes a layer goes on computing it, and its answer is not touched: the
    weights are computed beside it by the definition, in the precision of the layer's parameters,
    and the answer that follows from them is compared with the layer's (``maps.differences``). Only
    one layer's maps are formed at a time. To keep less than all of them:

    Args:
        model: any network or layer with axial attention, in any mode.
        layers: names of layers or of blocks (``stage4.block2``) to record; all by default.
        terms: also keep the logit terms, each after its batch norm, in ``maps.terms``:
            ``[term, sequence, head, query, key]``; those that are on, in the order content, query
            position, key position.
        keep: takes a layer's name and weights and returns what to keep in their place.

    Raises:
        ValueError: the model has no axial attention layer.
        InputError: no layer of that name.

    Example::

        with record_attention(model, keep=lambda name, weights: mean_distance(weights)) as maps:
            model(image)
        maps["stage4.block2.width"], maps.difference
    """
    known = {layer_name(name): layer for name, layer in axial_layers(model).items()}
    if not known:
        raise ValueError(f"{type(model).__name__} has no axial attention layer to record")
    chosen = known if layers is None else _choose(known, layers)
    maps = AttentionMaps()

    def hook_for(name: str) -> Callable[[AxialAttention1d, tuple[Tensor], Tensor], None]:
        def look(layer: AxialAttention1d, inputs: tuple[Tensor], answer: Tensor) -> None:
            weights, logits, expected = _look_into(layer, *inputs, terms=terms)
            maps[name] = weights if keep is None else keep(name, weights)
            if logits is not None:
                maps.terms[name] = logits
            maps.differences[name] = _difference(answer, expected)

        return look

    hooks = [layer.register_forward_hook(hook_for(name)) for name, layer in chosen.items()]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()


def layer_name(name: str) -> str:
    """``backbone.stages.stage4.block2.branch.attention.height`` -> ``stage4.block2.height``.

    A layer by itself is called ``attention``.
    """
    dropped = {"backbone", "stages", "branch", "attention"}
    return ".".join(part for part in name.split(".") if part not in dropped) or "attention"


def _choose(
    known: dict[str, AxialAttention1d], wanted: Collection[str]
) -> dict[str, AxialAttention1d]:
    wanted = [wanted] if isinstance(wanted, str) else wanted
    for name in wanted:
        if not any(_within(layer, name) for layer in known):
            raise InputError(
                f'There is no attention layer "{name}".{suggest(name, list(known))} '
                f"Layers: {', '.join(known)}."
            )
    return {
        layer: module
        for layer, module in known.items()
        if any(_within(layer, name) for name in wanted)
    }


def _within(layer: str, name: str) -> bool:
    return layer == name or layer.startswith(f"{name}.")


@torch.no_grad()
def _look_into(
    layer: AxialAttention1d, x: Sequences, *, terms: bool
) -> tuple[Weights, Terms | None, Answers]:
    """Compute weights, logit terms (if wanted) and answer by the definition."""
    moving = [(buffer, buffer.clone()) for buffer in layer.buffers()] if layer.training else []
    with torch.autocast(x.device.type, enabled=False):
        parts = [_look_into_part(layer, part, terms=terms) for part in _parts(layer, x)]
    for buffer, before in moving:  # the layer has moved its statistics already
        buffer.copy_(before)
    weights, logits, answers = zip(*parts, strict=True)
    return torch.cat(weights), torch.cat(logits, dim=1) if terms else None, torch.cat(answers)


def _parts(layer: AxialAttention1d, x: Sequences) -> tuple[Tensor, ...]:
    """Cut the sequences, so that few maps are formed beside those that are kept."""
    x = x.to(layer.qkv.weight.dtype)
    if layer.training:  # statistics are those of the whole batch
        return (x,)
    return x.split(max(1, _ELEMENTS // (layer.heads * x.shape[1] ** 2)))


def _look_into_part(
    layer: AxialAttention1d, x: Sequences, *, terms: bool
) -> tuple[Weights, Terms | None, Answers]:
    q, k, v = layer.project(x)
    logits = layer.term_logits(q, k) if terms else None
    weights = layer.activation(layer.logits(q, k) if logits is None else logits.sum(0))
    return weights, logits, layer.retrieve(weights, v)


def _difference(answer: Answers, expected: Answers) -> float:
    largest = max(1.0, float(expected.abs().max()))
    return float((answer.detach().to(expected.dtype) - expected).abs().max()) / largest
