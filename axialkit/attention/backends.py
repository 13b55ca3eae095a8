"""The names of the backends, the choice among them, and the switch for a whole model.

``reference`` is the definition and stores attention maps; ``fused`` computes tiles, on any device;
``sdpa`` hands the work to torch's kernels. ``auto`` takes ``sdpa`` on a GPU where one of its fast
kernels fits, and otherwise ``fused``. What the user named is never replaced by something else.
"""

from typing import NamedTuple

from axialkit.attention.kernels import Choice, Situation, ask_and_choose
from axialkit.errors import InputError

BACKENDS = ("auto", "reference", "fused", "sdpa")


class Running(NamedTuple):
    """What computes a layer."""

    backend: str  # reference, fused or sdpa
    choice: Choice | None = None  # of sdpa's kernels, where they were asked


def check_backend(name: str, *, softmax: bool) -> None:
    """Refuse names that do not exist, and SDPA for weights that are no softmax.

    Raises:
        InputError: either of them.
    """
    if name not in BACKENDS:
        raise InputError(
            f'There is no attention backend "{name}". Choose from: {", ".join(BACKENDS)}.'
        )
    if name == "sdpa" and not softmax:
        raise InputError(
            'The backend "sdpa" computes a softmax, and this layer takes the sigmoid of its '
            "logits. Choose auto, reference or fused."
        )


def running_backend(name: str, situation: Situation, *, softmax: bool) -> Running:
    """Return what computes a layer that was set to the backend ``name``."""
    if name in ("reference", "fused"):
        return Running(name)
    if name == "sdpa":
        return Running(name, ask_and_choose(situation))
    if situation.device != "cuda" or not softmax:
        return Running("fused")
    choice = ask_and_choose(situation)
    return Running("fused" if choice.kernel == "math" else "sdpa", choice)
