"""Which kernel of ``scaled_dot_product_attention`` computes a layer, and why not the others.

The kernels themselves are asked; ``choose_kernel`` is a pure function of their answers and of the
``Situation``. Written after torch's documentation and interfaces: **no GPU has answered these
questions yet**. On CPUs the same code runs with the kernels there (flash and math).
"""

import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from torch.backends.cuda import (
    SDPAParams,
    can_use_cudnn_attention,
    can_use_efficient_attention,
    can_use_flash_attention,
)
from torch.nn.attention import SDPBackend, sdpa_kernel

Kernel = Literal["cudnn", "flash", "efficient", "math"]
KERNELS: tuple[Kernel, ...] = ("cudnn", "flash", "efficient", "math")  # the fastest first
SDPA_BACKENDS = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}
_GPU_QUESTIONS = {
    "cudnn": can_use_cudnn_attention,
    "flash": can_use_flash_attention,
    "efficient": can_use_efficient_attention,
}
# How the positions under the weights are retrieved, which needs the weights: as further values
# beside the content (unit vectors), in a second call, or by the fused backend; or not at all.
Route = Literal["extended", "identity", "recomputed", "none"]


class Situation(NamedTuple):
    """What the choice depends on, besides the kernels' own answers."""

    device: str  # torch's name of its type
    capability: tuple[int, int] | None  # compute capability of a CUDA device
    dtype: torch.dtype
    sequences: int
    heads: int
    length: int
    key_depth: int
    value_depth: int
    bias: bool  # are there positions in the logits?
    bias_needs_gradient: bool
    value_content: bool
    value_position: bool

    def asked_depths(self) -> dict[str, int]:
        """Depths of the values in the calls that may be needed, by their purpose."""
        depths = {}
        if self.value_content:
            depths["content"] = self.value_depth
        if self.value_position:
            depths["identity"] = self.length
        if self.value_content and self.value_position:
            depths["extended"] = self.value_depth + self.length
        return depths


class Answer(NamedTuple):
    """Of a kernel, to one call."""

    usable: bool
    reason: str = ""  # why not


Answers = Mapping[tuple[Kernel, str], Answer]  # by kernel and purpose of the call


class Choice(NamedTuple):
    """The kernel that runs, how it gets at the positions, and why no other kernel runs."""

    kernel: Kernel
    route: Route
    reasons: dict[Kernel, str]


def choose_kernel(situation: Situation, answers: Answers) -> Choice:
    """Choose the first kernel of ``KERNELS`` that does everything in its own calls.

    Where none does, the first that takes the content, with the positions left to the fused backend;
    ``math``, which stores the attention map, comes last. A pure function.
    """
    vetoes = {kernel: _veto(situation, kernel) for kernel in KERNELS}
    routes = {k: None if vetoes[k] else _route(situation, k, answers) for k in KERNELS}
    ranking: list[Kernel] = sorted(
        (k for k in KERNELS if routes[k]),
        key=lambda k: (k == "math", routes[k] == "recomputed", KERNELS.index(k)),
    )
    chosen = ranking[0]  # math takes every call
    reasons: dict[Kernel, str] = {}
    for kernel in KERNELS:
        if kernel != chosen:
            refusal = vetoes[kernel] or _refusal(situation, kernel, answers)
            reasons[kernel] = refusal or _second_best(kernel, chosen)
    route = routes[chosen]
    assert route is not None
    return Choice(chosen, route, reasons)


def _second_best(kernel: Kernel, chosen: Kernel) -> str:
    if kernel == "math":
        return f"would do, but stores the attention map, which {chosen} does not"
    return f"would do, but {chosen} comes first"


def _route(situation: Situation, kernel: Kernel, answers: Answers) -> Route | None:
    """How a kernel gets everything; None where it refuses."""

    def takes(purpose: str) -> bool:
        return (kernel, purpose) in answers and answers[kernel, purpose].usable

    if not situation.value_position:
        return "none" if takes("content") else None
    if takes("extended"):
        return "extended"
    if takes("identity") and (takes("content") or not situation.value_content):
        return "identity"
    return "recomputed" if takes("content") else None


def _veto(situation: Situation, kernel: Kernel) -> str | None:
    """Return what a kernel must not be used for, even where it would answer yes."""
    if kernel in ("cudnn", "flash") and situation.bias and situation.bias_needs_gradient:
        return "gives no gradient to the bias, which holds the relative positions"
    if situation.capability is None or situation.capability >= (8, 0):
        return None
    has = "compute capability 8.0, this GPU has {}.{}".format(*situation.capability)
    if kernel != "math" and situation.dtype == torch.bfloat16:
        return f"bfloat16 needs {has}"
    return f"needs {has}" if kernel in ("cudnn", "flash") else None


def _refusal(situation: Situation, kernel: Kernel, answers: Answers) -> str | None:
    """Return a kernel's own words on the first call that it refuses."""
    for purpose in situation.asked_depths():
        answer = answers.get((kernel, purpose), Answer(False, "was not asked"))
        if not answer.usable:
            return answer.reason
    return None


@torch.compiler.disable
@lru_cache(maxsize=256)
def ask_and_choose(situation: Situation) -> Choice:
    """Ask the kernels of the device about every call that may be needed, then choose."""
    return choose_kernel(situation, ask_kernels(situation))


def ask_kernels(situation: Situation) -> dict[tuple[Kernel, str], Answer]:
    """Ask every kernel about every call."""
    return {
        (kernel, purpose): _ask(situation, kernel, depth)
        for purpose, depth in situation.asked_depths().items()
        for kernel in KERNELS
    }


def _ask(situation: Situation, kernel: Kernel, depth: int) -> Answer:
    if situation.device not in ("cpu", "cuda"):
        usable = kernel == "math"
        return Answer(usable, "" if usable else f"not asked on {situation.device}")
    q, k, v, bias = _examples(situation, kernel, depth)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        if situation.device == "cuda" and kernel != "math":
            params = SDPAParams(q, k, v, bias, 0.0, False, False)
            usable = _GPU_QUESTIONS[kernel](params, True)
        else:
            usable = _chosen_alone(kernel, q, k, v, bias)
    return Answer(usable, "" if usable else _plain(told, situation))


def _chosen_alone(
    kernel: Kernel, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: torch.Tensor | None
) -> bool:
    """Would torch take this kernel if it were the only one?"""
    with sdpa_kernel([SDPA_BACKENDS[kernel]]):
        try:
            chosen = torch._fused_sdp_choice(q, k, v, attn_mask=bias, scale=1.0)
        except RuntimeError:  # torch's way to say that none is left
            return False
    return chosen == SDPA_BACKENDS[kernel].value


def _examples(
    situation: Situation, kernel: Kernel, depth: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Return empty tensors of the shapes, strides and needs of the real ones."""
    s = situation
    keys, values = call_depths(kernel, s.key_depth, depth)
    like = torch.empty(0, dtype=s.dtype, device=s.device)
    q, k, v = (like.new_empty(s.sequences, s.heads, s.length, x) for x in (keys, keys, values))
    bias = None
    if s.bias:
        bias = like.new_empty(s.sequences, s.heads, s.length, s.length)
        bias.requires_grad_(s.bias_needs_gradient)
    return q, k, v, bias


def call_depths(kernel: Kernel, keys: int, values: int) -> tuple[int, int]:
    """Return the depths of keys and values in a call: flash wants them equal, zeros fill up."""
    return (max(keys, values),) * 2 if kernel == "flash" else (keys, values)


def _plain(told: list[warnings.WarningMessage], situation: Situation) -> str:
    """Make one line of a kernel's warnings."""
    lines = [str(warning.message).partition("(Triggered")[0].strip() for warning in told]
    reasons = [line for line in lines if line and not line.endswith("not used because:")]
    if reasons:
        return " ".join(" ".join(reasons).split())
    if situation.device == "cpu" and situation.bias_needs_gradient and lines:
        return "takes no bias that needs a gradient"
    if situation.device == "cpu":
        return "needs a CUDA device"
    return f"not built for {situation.device} in this torch"
