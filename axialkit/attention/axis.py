"""The attention layer of one axis, which every other layer is made of."""

from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.backends import Running, check_backend, running_backend
from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.fused import Attention, Formula, Projection
from axialkit.attention.kernels import Situation
from axialkit.attention.operators import fused_answer, fused_attention, fused_layer
from axialkit.attention.positions import MAX_DISTANCE, distance_rows, look_up, position_table
from axialkit.attention.reference import (
    Terms,
    content_logits,
    key_position_logits,
    query_position_logits,
    retrieved_content,
    retrieved_position,
)
from axialkit.attention.sdpa import sdpa_attention
from axialkit.attention.statistics import Moments, logit_moments, materialized_moments

Queries = Float[Tensor, "b head length d"]
Values = Float[Tensor, "b head length e"]
Maps = Float[Tensor, "b head length length"]
Affine = tuple[Tensor, Tensor]  # scale and shift


class AxialAttention1d(nn.Module):
    """Position-sensitive self-attention along one axis.

    ``key_channels`` and ``value_channels`` are totals over the heads. There is no output
    projection, no dropout and no activation inside (deeplab2's axial layers).

    ``backend`` is one of ``BACKENDS``, and may be changed at any time: all compute the same
    numbers, gradients and batch statistics, and share the weights. ``reference`` stores whole
    attention maps; ``fused`` and ``sdpa`` do not, see ``explain_backend``.

    Raises:
        ValueError: channels that do not divide by ``heads``, no term left in the logits or in
            the output, or a backend that does not exist or cannot compute this layer.

    Example::

        layer = AxialAttention1d(64, key_channels=32, value_channels=64, heads=4)
        rows = torch.randn(2 * 16, 32, 64)  # 2 images of 16 rows, each 32 pixels of 64 channels
        y = layer(rows)
    """

    def __init__(  # noqa: PLR0913  (the last four are options)
        self,
        in_channels: int,
        key_channels: int,
        value_channels: int,
        heads: int = 8,
        *,
        terms: Terms = Terms(),  # noqa: B008  (a NamedTuple never changes)
        activation: Literal["softmax", "sigmoid"] = "softmax",
        max_distance: int = MAX_DISTANCE,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        _check(key_channels, value_channels, heads, terms)
        self.heads, self.terms = heads, terms
        self.key_channels, self.value_channels = key_channels, value_channels
        key_depth, value_depth = key_channels // heads, value_channels // heads

        self.qkv = nn.Linear(in_channels, 2 * key_channels + value_channels, bias=False)
        self.norm_qkv = BatchNorm(2 * key_channels + value_channels)
        self.query_table = position_table(key_depth, max_distance) if terms.query_position else None
        self.key_table = position_table(key_depth, max_distance) if terms.key_position else None
        self.value_table = (
            position_table(value_depth, max_distance) if terms.value_position else None
        )
        self.norm_logits = BatchNorm(terms.logits * heads)  # channels: (term head)
        self.norm_output = BatchNorm(terms.outputs * value_channels)  # (term head e)
        # a module, so that hooks can see the weights where they are formed
        self.activation = nn.Softmax(dim=-1) if activation == "softmax" else nn.Sigmoid()
        self.backend = backend
        std = in_channels**-0.5
        nn.init.trunc_normal_(self.qkv.weight, std=std, a=-2 * std, b=2 * std)

    @property
    def backend(self) -> str:
        """How the layer is computed; one of ``BACKENDS``."""
        return self._backend

    @backend.setter
    def backend(self, name: str) -> None:
        check_backend(name, softmax=self.softmax)
        self._backend = name

    @property
    def softmax(self) -> bool:
        """Are the weights a softmax of the logits, or else a sigmoid?"""
        return isinstance(self.activation, nn.Softmax)

    def forward(
        self, x: Float[Tensor, "b length in_channels"]
    ) -> Float[Tensor, "b length value_channels"]:
        if self._answers_at_once(x):
            projection = Projection(x, *self.projection())
            answer = fused_layer(projection, self.formula(x.shape[1]), *self.output_affine())
            return rearrange(answer, "b length head e -> b length (head e)")
        return self.attend(*self.project(x))

    def _answers_at_once(self, x: Float[Tensor, "b length in_channels"]) -> bool:
        """Is the layer computed by one operator, projection included? In inference, if fused."""
        if self.training or torch.is_grad_enabled() or _autocast(x.device.type):
            return False
        return self.running(x.shape[0], x.shape[1], x).backend == "fused"

    def project(self, x: Float[Tensor, "b length in_channels"]) -> tuple[Queries, Queries, Values]:
        """Compute queries, keys and values; columns are q, k, v, each head-major."""
        pixels = rearrange(x, "b length c -> (b length) c")
        if self.training:
            qkv = self.norm_qkv(self.qkv(pixels))
        else:
            qkv = F.linear(pixels, *self.projection())
        qkv = qkv.unflatten(0, x.shape[:2])
        parts = qkv.split([self.key_channels, self.key_channels, self.value_channels], dim=-1)
        q, k, v = (
            rearrange(part, "b length (head d) -> b head length d", head=self.heads)
            for part in parts
        )
        return q, k, v

    def projection(self) -> Affine:
        """Return weight and bias of the projection with its norm, by the moving statistics."""
        scale, shift = self.norm_qkv.affine()
        return self.qkv.weight * rearrange(scale, "c -> c 1"), shift

    def attend(self, q: Queries, k: Queries, v: Values) -> Float[Tensor, "b length value_channels"]:
        """Attend from the projected queries, keys and values, by the layer's backend."""
        running = self.running(q.shape[0], q.shape[2], q)
        if running.backend == "reference":
            return self.retrieve(self.activation(self.logits(q, k)), v)
        attention = Attention(q, k, v, *self.formula(q.shape[2], (q, k)))
        if running.backend == "sdpa":
            assert running.choice is not None
            return self.sum_outputs(sdpa_attention(attention, running.choice))
        if self.training or torch.is_grad_enabled():
            return self.sum_outputs(fused_attention(attention))
        answer = fused_answer(attention, *self.output_affine())
        return rearrange(answer, "b length head e -> b length (head e)")

    def running(self, sequences: int, length: int, like: Tensor) -> Running:
        """Return what computes sequences of that number and length, of the dtype of ``like``."""
        situation = self.situation(sequences, length, like)
        return running_backend(self.backend, situation, softmax=self.softmax)

    def situation(self, sequences: int, length: int, like: Tensor) -> Situation:
        """Describe such work to those who choose a kernel."""
        bias = self.terms.query_position or self.terms.key_position
        device, gradients = like.device, torch.is_grad_enabled()
        on_gpu = device.type == "cuda"
        autocast = torch.get_autocast_dtype(device.type) if _autocast(device.type) else None
        return Situation(
            device=device.type,
            capability=torch.cuda.get_device_capability(device) if on_gpu else None,
            dtype=autocast or like.dtype,
            sequences=sequences,
            heads=self.heads,
            length=length,
            key_depth=self.key_channels // self.heads,
            value_depth=self.value_channels // self.heads,
            bias=bias,
            bias_needs_gradient=bias
            and gradients
            and any(source.requires_grad for source in (like, *self.parameters())),
            value_content=self.terms.value_content,
            value_position=self.terms.value_position,
        )

    # --- the definition -------------------------------------------------------------------------

    def logits(self, q: Queries, k: Queries) -> Maps:
        """Sum the logit terms, each after its own batch norm (per term and head)."""
        total, *others = self._normed_terms(q, k)
        for term in others:
            total = total + term
        return total

    def term_logits(self, q: Queries, k: Queries) -> Float[Tensor, "term b head length length"]:
        """Return the logit terms that are on, each after its own batch norm."""
        return torch.stack(self._normed_terms(q, k))

    def _normed_terms(self, q: Queries, k: Queries) -> list[Maps]:
        length, terms = q.shape[2], []
        if self.terms.content:
            terms.append(content_logits(q, k))
        if self.query_table is not None:
            terms.append(query_position_logits(q, look_up(self.query_table, length)))
        if self.key_table is not None:
            terms.append(key_position_logits(k, look_up(self.key_table, length)))
        scale, shift = (
            self.batch_logit_affine(materialized_moments(terms))
            if self.training
            else self.logit_affine()
        )
        return [
            torch.addcmul(b[:, None, None], term, a[:, None, None])
            for term, a, b in zip(terms, scale, shift, strict=True)
        ]

    def retrieve(self, weights: Maps, v: Values) -> Float[Tensor, "b length value_channels"]:
        """Retrieve under the weights: the terms that are on, normalised and summed up."""
        terms = []
        if self.terms.value_content:
            terms.append(retrieved_content(weights, v))
        if self.value_table is not None:
            terms.append(retrieved_position(weights, look_up(self.value_table, v.shape[2])))
        return self.sum_outputs(rearrange(terms, "term b head length e -> b length term head e"))

    # --- the same, without maps -----------------------------------------------------------------

    def formula(self, length: int, batch: tuple[Queries, Queries] | None = None) -> Formula:
        """Gather what the other backends need for sequences of that length.

        In training the logits are normed by the statistics of a batch of queries and keys, which
        move the moving ones.
        """
        query_rows, key_rows, value_rows = (
            None if table is None else distance_rows(table, length)
            for table in (self.query_table, self.key_table, self.value_table)
        )
        terms = self.terms
        if self.training:
            assert batch is not None
            moments = logit_moments(*batch, query_rows, key_rows, content=terms.content)
            scale, shift = self.batch_logit_affine(moments)
        else:
            scale, shift = self.logit_affine()
        on, off = iter(scale), torch.ones_like(scale[0])
        scales = torch.stack([next(on) if used else off for used in terms[:3]])
        switches = terms.content, terms.value_content, self.softmax
        return Formula(query_rows, key_rows, value_rows, scales, shift.sum(0), *switches)

    # --- the batch norms ------------------------------------------------------------------------

    def logit_affine(self) -> Affine:
        """Return scale and shift of the logits, ``[term, head]``, by the moving statistics."""
        return self._by_term_and_head(self.norm_logits.affine())

    def batch_logit_affine(self, moments: Moments) -> Affine:
        """Return the same by the statistics of a batch, which move the moving ones."""
        if self.norm_logits.synchronized:
            moments = moments.over_processes()
        mean, variance = (x.flatten() for x in moments.mean_and_variance())
        return self._by_term_and_head(self.norm_logits.affine_of(mean, variance, moments.numbers))

    def _by_term_and_head(self, affine: Affine) -> Affine:
        scale, shift = (rearrange(x, "(term head) -> term head", head=self.heads) for x in affine)
        return scale, shift

    def output_affine(self) -> Affine:
        """Return scale ``[term, head, e]`` and summed shift ``[head, e]`` of the outputs."""
        scale, shift = (
            rearrange(x, "(term head e) -> term head e", term=self.terms.outputs, head=self.heads)
            for x in self.norm_output.affine()
        )
        return scale, shift.sum(0)

    def sum_outputs(
        self, outputs: Float[Tensor, "b length term head e"]
    ) -> Float[Tensor, "b length value_channels"]:
        """Normalise the retrieved terms, sum them up and merge the heads."""
        if self.training:
            flat = rearrange(outputs, "b length term head e -> (b length) (term head e)")
            total = self.norm_output(flat, terms=self.terms.outputs)
            return total.unflatten(0, outputs.shape[:2])
        scale, shift = self.output_affine()
        total = shift
        for index, factor in enumerate(scale):
            total = torch.addcmul(total, outputs[:, :, index], factor)
        return rearrange(total, "b length head e -> b length (head e)")


def _autocast(device: str) -> bool:
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _check(key_channels: int, value_channels: int, heads: int, terms: Terms) -> None:
    if key_channels % heads or value_channels % heads:
        raise ValueError(
            f"key_channels ({key_channels}) and value_channels ({value_channels}) must divide by "
            f"heads ({heads})"
        )
    if not terms.logits or not terms.outputs:
        raise ValueError(f"at least one logit term and one output term must stay on, got {terms}")
