"""Lesson 04, exercise 4.5, the whole layer: what must hold, typical mistakes, hints."""

import torch
from einops import rearrange, reduce
from torch import Tensor

from axialkit.attention import AxialAttention1d
from axialkit.attention.positions import look_up
from axialkit.attention.reference import (
    content_logits,
    key_position_logits,
    query_position_logits,
    retrieved_content,
    retrieved_position,
)
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import close, draw
from axialkit.course.sensitive import axial_forward, golden_layer


def make_layer(
    seed: int, in_channels: int, key_channels: int, value_channels: int, heads: int
) -> AxialAttention1d:
    """Make a layer whose weights and statistics are all random, as after some training."""
    generator = torch.Generator().manual_seed(seed)
    layer = AxialAttention1d(in_channels, key_channels, value_channels, heads, max_distance=12)
    for name, value in layer.state_dict().items():
        positive = name.endswith(("running_var", "norm_qkv.weight", "norm_output.weight"))
        random = torch.randn(value.shape, generator=generator)
        value.copy_(random.abs() + 0.5 if positive else random)
    return layer.eval().requires_grad_(False)


def _sizes(forward: Function) -> None:
    for seed, (b, length, inner) in enumerate(((2, 5, 6), (1, 1, 4))):
        layer = make_layer(seed, inner, 4, 8, 2)
        got = list(forward(layer, draw(seed, b, length, inner)).shape)
        assert got == [b, length, 8], f"expected {[b, length, 8]}, got {got}"


def _sequences_apart(forward: Function) -> None:
    layer, x = make_layer(0, 6, 4, 8, 2), draw(0, 3, 5, 6)
    alone = torch.cat([forward(layer, line) for line in x.split(1)])
    assert close(forward(layer, x), alone), "the sequences of a batch must not hear each other"


def _from_the_parts(forward: Function) -> None:
    layer = make_layer(0, 6, 4, 8, 2)

    def refuse(*_: object) -> None:
        raise AssertionError(
            "layer(x) runs the whole layer at once; write it from the parts: layer.qkv, "
            "layer.norm_qkv and so on"
        )

    layer.register_forward_pre_hook(refuse)
    forward(layer, draw(0, 1, 5, 6))


def _golden(forward: Function) -> None:
    layer, x, expected = golden_layer()
    got = forward(layer, x)
    error = float((got - expected).abs().max()) if got.shape == expected.shape else torch.inf
    assert error < 1e-5, (
        f"the authors' code gives other numbers for the recorded layer: yours are off by up to "
        f"{error:.3g}, allowed are 0.00001. {_first_wrong_step(forward, layer, x)}"
    )


def _first_wrong_step(forward: Function, layer: AxialAttention1d, x: Tensor) -> str:
    """Say which batch norm is the first to get something else than it should."""
    wanted, got = (_entering(f, layer, x) for f in (axial_forward, forward))
    for name, right in wanted.items():
        if name not in got:
            return f"layer.{name} is never called."
        if got[name].shape != right.shape:
            return (
                f"What enters layer.{name} has the shape {list(got[name].shape)}, not "
                f"{list(right.shape)}."
            )
        if not close(got[name], right):
            return (
                f"The first step that goes wrong: what enters layer.{name} has the right shape "
                "and other numbers. Look at the order of its channels, and at what comes before."
            )
    return "All batch norms get what they should; the mistake comes after them."


def _entering(forward: Function, layer: AxialAttention1d, x: Tensor) -> dict[str, Tensor]:
    """Return what enters each batch norm of the layer during a run."""
    caught: dict[str, Tensor] = {}
    norms = {name: getattr(layer, name) for name in ("norm_qkv", "norm_logits", "norm_output")}
    hooks = [
        norm.register_forward_pre_hook(lambda _, given, name=name: caught.update({name: given[0]}))
        for name, norm in norms.items()
    ]
    try:
        forward(layer, x)
    finally:
        for hook in hooks:
            hook.remove()
    return caught


def _parts(layer: AxialAttention1d, x: Tensor) -> list[Tensor]:
    """Return q, k, v and the three looked-up tables."""
    qkv = layer.norm_qkv(rearrange(layer.qkv(x), "b l c -> b c l"))
    sizes = [layer.key_channels, layer.key_channels, layer.value_channels]
    parts = [
        rearrange(part, "b (head d) l -> b head l d", head=layer.heads)
        for part in qkv.split(sizes, dim=1)
    ]
    tables = layer.query_table, layer.key_table, layer.value_table
    return parts + [look_up(table, x.shape[1]) for table in tables if table is not None]


def _terms(q: Tensor, k: Tensor, r_q: Tensor, r_k: Tensor) -> list[Tensor]:
    return [content_logits(q, k), query_position_logits(q, r_q), key_position_logits(k, r_k)]


def _answer(layer: AxialAttention1d, found: list[Tensor], *, norm: bool = True) -> Tensor:
    flat = rearrange(torch.cat(found, dim=1), "b th l e -> b (th e) l")
    flat = layer.norm_output(flat) if norm else flat
    return reduce(flat, "b (term c) l -> b l c", "sum", term=2)


def _variant(layer: AxialAttention1d, x: Tensor, name: str) -> Tensor:
    """Compute the layer with one mistake."""
    q, k, v, r_q, r_k, r_v = _parts(layer, x)
    if name == "exchanged":
        q, k = k, q
    terms = _terms(q, k, r_q, r_k)
    if name == "interleaved":
        mixed = layer.norm_logits(rearrange(terms, "term b head i j -> b (head term) i j"))
        logits = reduce(mixed, "b (head term) i j -> b head i j", "sum", term=3)
    else:
        together = torch.cat(terms, dim=1)
        normed = together if name == "raw" else layer.norm_logits(together)
        logits = reduce(normed, "b (term head) i j -> b head i j", "sum", term=3)
    weights = logits.softmax(dim=-2 if name == "queries" else -1)
    what, where = retrieved_content(weights, v), retrieved_position(weights, r_v)
    if name == "no r_v":
        where = 0 * where
    if name == "in turn":
        flat = rearrange([what, where], "term b head l e -> b (head e term) l")
        return reduce(layer.norm_output(flat), "b (c term) l -> b l c", "sum", term=2)
    return _answer(layer, [what, where], norm=name != "raw output")


def _heads_last(layer: AxialAttention1d, x: Tensor) -> Tensor:
    answer = axial_forward(layer, x)
    return rearrange(answer, "b l (head e) -> b l (e head)", head=layer.heads)


def _mutant(name: str, says: str, variant: str) -> Mutant:
    return Mutant(name, lambda layer, x: _variant(layer, x, variant), says)


FORWARD = Exercise(
    key="4.5",
    name="axial_forward",
    goal="C",
    solution=axial_forward,
    properties=(
        Property("as many pixels, as deep as the values together", _sizes),
        Property("sequences do not hear each other", _sequences_apart),
        Property("it is written from the parts", _from_the_parts),
        Property("the authors' own numbers come out", _golden),
    ),
    probes=(
        (make_layer(1, 6, 4, 8, 2), draw(1, 2, 5, 6)),
        (make_layer(2, 5, 12, 6, 3), draw(2, 1, 7, 5)),
        (make_layer(3, 4, 3, 3, 1), draw(3, 2, 1, 4)),
    ),
    mutants=(
        _mutant(
            "logits not normed",
            "the three kinds of scores go into the softmax as they are: layer.norm_logits first.",
            "raw",
        ),
        _mutant(
            "terms and heads interleaved",
            "the logits reach their batch norm in the order (head term). Its channels are "
            "(term head): all heads of q·k, then all of q·r, then all of k·r.",
            "interleaved",
        ),
        _mutant(
            "what and where interleaved",
            "what and where reach their batch norm channel by channel in turn, as in the older "
            "code. Here all channels of what come first, then all of where: (term head e).",
            "in turn",
        ),
        _mutant(
            "softmax over the queries",
            "the softmax runs over the queries; it has to run over the keys: dim -1.",
            "queries",
        ),
        _mutant("r^v left out", "where the pixel looked does not get into the answer.", "no r_v"),
        _mutant(
            "answers not normed",
            "what and where are added as they are: layer.norm_output first.",
            "raw output",
        ),
        _mutant(
            "queries and keys exchanged",
            "the projection's channels come in the order q, k, v; yours takes k first.",
            "exchanged",
        ),
        Mutant(
            "heads last",
            _heads_last,
            "the heads are put together the wrong way: all channels of head 0 come first, then "
            'those of head 1: "(head e)".',
        ),
    ),
    hints=(
        "in: the layer's parts and x [b, l, c]; out: [b, l, value_channels].",
        "six steps: project and norm; split into q, k, v and heads; three terms, side by side in "
        "one tensor [b, (term head), i, j]; norm, sum over the terms, softmax; what and where, "
        "side by side; norm, sum.",
        "logits = layer.norm_logits(torch.cat([content, logits_qr(q, r_q), logits_kr(k, r_k)], "
        'dim=1)); weights = reduce(logits, "b (term head) i j -> b head i j", "sum", '
        'term=3).softmax(-1); found = rearrange([what, where], "term b head l e -> b (term head e) '
        'l"), layer.norm_output(found), then reduce "b (term c) l -> b l c".',
    ),
)
