"""Saying which backend and which kernel computes a layer, and why not the others."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.backends import Running, running_backend
from axialkit.attention.kernels import KERNELS, Choice, Situation, ask_and_choose
from axialkit.attention.switch import axial_layers

ROUTES = {
    "extended": "positions under the weights: unit vectors beside the values, in the same call",
    "identity": "positions under the weights: a second call with unit vectors as values",
    "recomputed": "positions under the weights: by the fused backend, a second time",
    "none": "no positions under the weights in this layer",
}


class Case(NamedTuple):
    """One layer with the shape of its input, as it runs now."""

    asked: str  # the backend that the layer is set to
    situation: Situation
    softmax: bool

    @property
    def running(self) -> Running:
        """What computes it."""
        return running_backend(self.asked, self.situation, softmax=self.softmax)


def explain_backend(model: nn.Module, example: Float[Tensor, "batch ..."]) -> None:
    """Print which kernel computes the attention for such an input, and why each other does not.

    For a layer of one axis, ``example`` is ``[sequence, length, channel]``; for anything larger,
    up to a network, its input: it is run once, and layers of the same shape are explained once.
    The mode counts: in training, or wherever gradients are recorded, fewer kernels fit. The
    kernels themselves are asked. **No GPU has answered yet**: there, the text is untested.

    Raises:
        ValueError: there is no axial attention in the model.

    Example::

        explain_backend(layer, torch.empty(65, 129, 512))
    """
    for case, names in distinct_cases(model, example).items():
        if any(names):
            print(f"{len(names)} layers, the first of them {names[0]}:")
        print(*explain(case), "", sep="\n")


def distinct_cases(model: nn.Module, example: Float[Tensor, "batch ..."]) -> dict[Case, list[str]]:
    """Return the different shapes of attention in a model, each with the layers that have it.

    Raises:
        ValueError: there is no axial attention in the model.
    """
    layers = axial_layers(model)
    if not layers:
        raise ValueError(f"{type(model).__name__} has no axial attention layer to explain")
    found: dict[Case, list[str]] = {}

    def hook_for(name: str) -> Callable[[AxialAttention1d, tuple[Tensor]], None]:
        def look(layer: AxialAttention1d, inputs: tuple[Tensor]) -> None:
            found.setdefault(_case(layer, *inputs), []).append(name)

        return look

    if isinstance(model, AxialAttention1d):
        return {_case(model, example): [""]}
    hooks = [layer.register_forward_pre_hook(hook_for(name)) for name, layer in layers.items()]
    try:
        model(example)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _case(layer: AxialAttention1d, x: Float[Tensor, "sequence length channel"]) -> Case:
    situation = layer.situation(x.shape[0], x.shape[1], x)
    return Case(layer.backend, situation, layer.softmax)


def explain(case: Case) -> list[str]:
    """Explain one case in lines of text."""
    s, running = case.situation, case.running
    backend = running.backend
    choice = running.choice or ask_and_choose(s)
    lines = [
        f"{s.sequences} sequences of {s.length}, {s.heads} heads of depth {s.key_depth} (keys) and "
        f"{s.value_depth} (values), {str(s.dtype).removeprefix('torch.')} on {_device(s)}",
        f"runs: {backend}" + (f", kernel {choice.kernel}" if backend == "sdpa" else "")
        + f" (the layer is set to {case.asked})",
        f"  reference   {_reference(s, backend)}",
        f"  fused       {_fused(case, choice)}",
        f"  sdpa        {_sdpa(case, choice)}",
    ]  # fmt: skip
    if not case.softmax:
        return lines
    for kernel in KERNELS:
        reason = choice.reasons.get(kernel, "")
        chosen = "runs" if backend == "sdpa" else "would run"
        lines.append(f"    {kernel:<9} {reason or f'{chosen}; {ROUTES[choice.route]}'}")
    return lines


def _device(s: Situation) -> str:
    if s.capability is None:
        return s.device
    return "{} (compute capability {}.{})".format(s.device, *s.capability)


def _reference(s: Situation, running: str) -> str:
    megabytes = s.sequences * s.heads * s.length**2 * s.dtype.itemsize / 1e6
    stores = f"the definition; stores whole attention maps, {megabytes:.1f} MB each"
    return f"runs: {stores}" if running == "reference" else stores


def _fused(case: Case, choice: Choice) -> str:
    if case.running.backend == "fused":
        return "runs: computes in tiles, stores no map"
    if case.asked == "auto":
        return f"would do, but {choice.kernel} comes first"
    return "would do, but is not what the layer is set to"


def _sdpa(case: Case, choice: Choice) -> str:
    if case.running.backend == "sdpa":
        return f"runs: torch's scaled_dot_product_attention, by its kernel {choice.kernel}"
    if not case.softmax:
        return "computes a softmax, and this layer takes the sigmoid of its logits"
    if case.asked != "auto":
        return "is not what the layer is set to; of its kernels:"
    if case.situation.device != "cuda":
        return "auto takes it on CUDA devices only; of its kernels here:"
    return "only the kernel math would do, which stores attention maps:"
