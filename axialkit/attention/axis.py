"""The attention layer of one axis, which every other layer is made of."""

from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.backends import check_backend, running_backend
from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.fused import Attention
from axialkit.attention.kernels import Situation
from axialkit.attention.operators import fused_answer, fused_attention
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
        return self.attend(*self.project(x))

    def project(self, x: Float[Tensor, "b length in_channels"]) -> tuple[Queries, Queries, Values]:
        """Compute queries, keys and values; columns are q, k, v, each head-major."""
        qkv = self.normed_qkv(x)
        parts = qkv.split([self.key_channels, self.key_channels, self.value_channels], dim=-1)
        q, k, v = (
            rearrange(part, "b length (head d) -> b head length d", head=self.heads)
            for part in parts
        )
        return q, k, v

    def normed_qkv(
        self, x: Float[Tensor, "b length in_channels"]
    ) -> Float[Tensor, "b length qkv_channels"]:
        """Project and normalise."""
        if not self.training:  # the norm folds into the product
            scale, shift = self.norm_qkv.affine()
            return F.linear(x, self.qkv.weight * rearrange(scale, "c -> c 1"), shift)
        qkv = self.norm_qkv(rearrange(self.qkv(x), "b length c -> (b length) c"))
        return rearrange(qkv, "(b length) c -> b length c", b=x.shape[0])

    def attend(self, q: Queries, k: Queries, v: Values) -> Float[Tensor, "b length value_channels"]:
        """Attend from the projected queries, keys and values, by the layer's backend."""
        running = running_backend(self.backend, self.situation(q, v), softmax=self.softmax)
        if running.backend == "reference":
            return self.retrieve(self.activation(self.logits(q, k)), v)
        attention = self.attention(q, k, v)
        if running.backend == "sdpa":
            assert running.choice is not None
            return self.sum_outputs(sdpa_attention(attention, running.choice))
        if self.training or torch.is_grad_enabled():
            return self.sum_outputs(fused_attention(attention))
        answer = fused_answer(attention, *self.output_affine())
        return rearrange(answer, "b length head e -> b length (head e)")

    def situation(self, q: Queries, v: Values) -> Situation:
        """Describe the layer's work to those who choose a kernel."""
        bias = self.terms.query_position or self.terms.key_position
        return Situation(
            device=q.device.type,
            capability=(
                torch.cuda.get_device_capability(q.device) if q.device.type == "cuda" else None
            ),
            dtype=q.dtype,
            sequences=q.shape[0],
            heads=q.shape[1],
            length=q.shape[2],
            key_depth=q.shape[3],
            value_depth=v.shape[3],
            bias=bias,
            bias_needs_gradient=bias
            and torch.is_grad_enabled()
            and any(source.requires_grad for source in (q, *self.parameters())),
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

    def attention(self, q: Queries, k: Queries, v: Values) -> Attention:
        """Gather what the other backends need; in training, update the logits' statistics."""
        query_rows, key_rows, value_rows = (
            None if table is None else distance_rows(table, q.shape[2])
            for table in (self.query_table, self.key_table, self.value_table)
        )
        terms = self.terms
        scale, shift = (
            self.batch_logit_affine(
                logit_moments(q, k, query_rows, key_rows, content=terms.content)
            )
            if self.training
            else self.logit_affine()
        )
        rows, off = iter(scale), torch.ones_like(scale[0])
        scales = torch.stack([next(rows) if on else off for on in terms[:3]])
        return Attention(
            *(q, k, v, query_rows, key_rows, value_rows, scales, shift.sum(0)),
            *(terms.content, terms.value_content, self.softmax),
        )

    # --- the batch norms ------------------------------------------------------------------------

    def logit_affine(self) -> Affine:
        """Return scale and shift of the logits, ``[term, head]``, by the moving statistics."""
        return self._by_term_and_head(self.norm_logits.affine())

    def batch_logit_affine(self, moments: Moments) -> Affine:
        """Return the same by the statistics of a batch, which move the moving ones."""
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
            normed = rearrange(
                self.norm_output(flat),
                "(b length) (term c) -> term b length c", b=len(outputs), term=self.terms.outputs,
            )  # fmt: skip
            return normed.sum(0)
        scale, shift = self.output_affine()
        total = shift
        for index, factor in enumerate(scale):
            total = torch.addcmul(total, outputs[:, :, index], factor)
        return rearrange(total, "b length head e -> b length (head e)")


def _check(key_channels: int, value_channels: int, heads: int, terms: Terms) -> None:
    if key_channels % heads or value_channels % heads:
        raise ValueError(
            f"key_channels ({key_channels}) and value_channels ({value_channels}) must divide by "
            f"heads ({heads})"
        )
    if not terms.logits or not terms.outputs:
        raise ValueError(f"at least one logit term and one output term must stay on, got {terms}")
