"""Fused attention as operators of torch, which autograd differentiates and the compiler keeps.

Shapes are those of ``fused.Attention``, whose fields are the operators' arguments. One operator is
for training, with its gradient; the others compute a whole layer for inference, where nothing needs
to be kept.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, library

from axialkit.attention.fused import (
    Attention,
    Emit,
    Formula,
    Loaded,
    Pairs,
    Projection,
    attend,
)
from axialkit.attention.fused_backward import attend_backward
from axialkit.attention.tiles import Chunk, Tile, scratch_for

_FORMULA = (
    "Tensor? query_rows, Tensor? key_rows, Tensor? value_rows, "
    "Tensor scale, Tensor shift, bool content, bool value_content, bool softmax"
)
_ATTENTION = f"Tensor q, Tensor k, Tensor v, {_FORMULA}"


def fused_attention(attention: Attention) -> Float[Tensor, "b length term head e"]:
    """Retrieve content and position, those that are on, in this order. Differentiable once."""
    outputs, _ = _attend(*attention)
    return outputs


def fused_answer(
    attention: Attention,
    output_scale: Float[Tensor, "term head e"],
    output_shift: Float[Tensor, "head e"],
) -> Float[Tensor, "b length head e"]:
    """Retrieve, scale and sum up the outputs: the whole layer behind its projection.

    Not differentiable: for inference.
    """
    return _answer(*attention, output_scale, output_shift)


def fused_layer(
    projection: Projection,
    formula: Formula,
    output_scale: Float[Tensor, "term head e"],
    output_shift: Float[Tensor, "head e"],
) -> Float[Tensor, "b length head e"]:
    """Project a few sequences at a time and attend: queries, keys and values stay in the cache.

    Not differentiable: for inference.
    """
    return _layer(*projection, *formula, output_scale, output_shift)


@library.custom_op(
    "axialkit::fused_attention", mutates_args=(), schema=f"({_ATTENTION}) -> (Tensor, Tensor)"
)
def _attend(*args: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    attention = Attention(*args)
    outputs = _new_outputs(attention)

    def emit(
        chunk: Chunk,
        tile: Tile,
        loaded: Loaded,
        retrieved: list[Pairs],
        factor: Float[Tensor, "pair query 1"],
    ) -> None:
        factor = loaded.unflat(factor)
        targets = outputs[chunk.rows, tile.queries, :, chunk.heads].permute(2, 0, 3, 1, 4)
        for x, target in zip(retrieved, targets, strict=True):
            torch.mul(loaded.unflat(x), factor, out=target)

    with torch.autocast(outputs.device.type, enabled=False):
        return outputs, attend(attention, emit)


@_attend.register_fake
def _(*args: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    attention = Attention(*args)
    dtype = torch.float64 if attention.q.dtype == torch.float64 else torch.float32
    return _new_outputs(attention), attention.q.new_empty(attention.q.shape[:3], dtype=dtype)


def _new_outputs(attention: Attention) -> Float[Tensor, "b length term head e"]:
    sequences, heads, length, _ = attention.q.shape
    terms = int(attention.value_content) + (attention.value_rows is not None)
    return attention.v.new_empty(sequences, length, terms, heads, attention.v.shape[-1])


@library.custom_op(
    "axialkit::fused_attention_backward",
    mutates_args=(),
    schema=f"(Tensor grad, Tensor lse, {_ATTENTION}) -> Tensor[]",
)
def _attend_backward(grad: Tensor, lse: Tensor, *args: Any) -> list[Tensor]:  # noqa: ANN401
    with torch.autocast(grad.device.type, enabled=False):
        return list(attend_backward(Attention(*args), lse, grad))


@_attend_backward.register_fake
def _(grad: Tensor, lse: Tensor, *args: Any) -> list[Tensor]:  # noqa: ANN401
    q, k, v, *_, scale, shift = args[:8]
    rows = 2 * q.shape[2] - 1
    depths = (q.shape[3], q.shape[3], v.shape[3])
    tables = [scale.new_empty(rows, depth) for depth in depths]
    return [*map(torch.empty_like, (q, k, v)), *tables, *map(torch.empty_like, (scale, shift))]


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:  # noqa: ANN401
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(output[1], *inputs[:8])
    ctx.switches = inputs[8:]


def _differentiate(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
    lse, *tensors = ctx.saved_tensors
    grads = _attend_backward(grad, lse, *tensors, *ctx.switches)
    wanted = [x is not None and x.requires_grad for x in tensors]
    found = [g if want else None for g, want in zip(grads, wanted, strict=True)]
    return (*found, *[None] * len(ctx.switches))


def _refuse(ctx: Any, *_: Any) -> None:  # noqa: ANN401
    raise NotImplementedError(
        "The fused attention has no second derivatives. Choose the reference for them: "
        'set_attention_backend(model, "reference").'
    )


library.register_autograd("axialkit::fused_attention", _differentiate, setup_context=_save)
library.register_autograd("axialkit::fused_attention_backward", _refuse)


@library.custom_op(
    "axialkit::fused_answer",
    mutates_args=(),
    schema=f"({_ATTENTION}, Tensor output_scale, Tensor output_shift) -> Tensor",
)
def _answer(*args: Any) -> Tensor:  # noqa: ANN401
    attention, output_affine = Attention(*args[:-2]), args[-2:]
    answer = _new_answer(attention.q, *output_affine)
    with torch.autocast(answer.device.type, enabled=False):
        attend(attention, _emit_to(answer, *output_affine))
    return answer


@_answer.register_fake
def _(*args: Any) -> Tensor:  # noqa: ANN401
    return _new_answer(args[0], *args[-2:])


@library.custom_op(
    "axialkit::fused_layer",
    mutates_args=(),
    schema=(
        f"(Tensor x, Tensor weight, Tensor bias, {_FORMULA}, "
        "Tensor output_scale, Tensor output_shift) -> Tensor"
    ),
)
def _layer(*args: Any) -> Tensor:  # noqa: ANN401
    projection, formula, output_affine = Projection(*args[:3]), args[3:-2], args[-2:]
    _, heads, depth = output_affine[0].shape
    x = projection.x
    answer = _new_layout_of(x, heads, depth)
    scratch = scratch_for(x)
    with torch.autocast(x.device.type, enabled=False):
        for rows in projection.parts(heads, depth):
            q, k, v = projection.of(rows, heads, depth, scratch)
            emit = _emit_to(answer[rows], *output_affine)
            attend(Attention(q, k, v, *formula), emit, scratch)
    return answer


@_layer.register_fake
def _(*args: Any) -> Tensor:  # noqa: ANN401
    _, heads, depth = args[-2].shape
    return _new_layout_of(args[0], heads, depth)


def _new_layout_of(
    x: Float[Tensor, "b length channel"], heads: int, depth: int
) -> Float[Tensor, "b length {heads} {depth}"]:
    """Columns of an image stay columns: positions lie in memory as those of ``x``."""
    sequences, length, _ = x.shape
    if x.stride(0) < x.stride(1):
        return x.new_empty(length, sequences, heads, depth).transpose(0, 1)
    return x.new_empty(sequences, length, heads, depth)


def _new_answer(
    q: Float[Tensor, "b head length d"],
    scale: Float[Tensor, "term head e"],
    shift: Float[Tensor, "head e"],
) -> Float[Tensor, "b length head e"]:
    sequences, heads, length, _ = q.shape
    return q.new_empty(sequences, length, heads, scale.shape[-1])


def _emit_to(
    answer: Float[Tensor, "b length head e"],
    scale: Float[Tensor, "term head e"],
    shift: Float[Tensor, "head e"],
) -> Emit:
    """Return what writes a tile's normed and summed outputs to their place."""

    def emit(
        chunk: Chunk,
        tile: Tile,
        loaded: Loaded,
        retrieved: list[Pairs],
        factor: Float[Tensor, "pair query 1"],
    ) -> None:
        scales = scale[:, chunk.heads, None]
        target = answer[chunk.rows, tile.queries, chunk.heads].transpose(1, 2)
        total, *others = map(loaded.unflat, retrieved)
        total.mul_(scales[0])
        for x, scale_of_x in zip(others, scales[1:], strict=True):
            total.addcmul_(x, scale_of_x)
        torch.addcmul(shift[chunk.heads, None], total, loaded.unflat(factor), out=target)

    return emit
