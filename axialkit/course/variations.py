"""The same layer, looked at otherwise: some logit terms alone, all pixels at once."""

from typing import NamedTuple

import numpy as np
import torch
from einops import einsum, rearrange
from jaxtyping import Float
from torch import Tensor, nn

import axialkit
from axialkit.attention import AxialAttention2d, record_attention
from axialkit.attention.two_hop import two_hop
from axialkit.config import ExperimentConfig
from axialkit.errors import InputError
from axialkit.inference import evaluating, fit_image
from axialkit.visualize.colors import Picture
from axialkit.visualize.looks import Heads

Map = Float[np.ndarray, "height width"]
Cell = tuple[int, int]
_ALL, _CONTENT, _POSITIONS = (0, 1, 2), (0,), (1, 2)  # logit terms, in the order of the recorder
TERMS = {  # what each hop, (height, width), keeps of its terms
    "all terms in both hops": (_ALL, _ALL),
    "content alone in both": (_CONTENT, _CONTENT),
    "positions alone in both": (_POSITIONS, _POSITIONS),
    "row by content, column by positions": (_POSITIONS, _CONTENT),
}

_LOOKS = 30  # runs that the moving statistics of a new network need


class Seen(NamedTuple):
    """A layer and what came into it."""

    layer: AxialAttention2d
    x: Float[Tensor, "1 channel height width"]


def see_input(model: nn.Module, image: Picture, config: ExperimentConfig, name: str) -> Seen:
    """Run the network and keep what a layer, such as ``stage4.block2``, was given.

    Raises:
        InputError: no such layer.
    """
    modules = dict(model.named_modules())
    full = next((n for n in modules if n.endswith(f"{name}.branch.attention")), None)
    if full is None:
        raise InputError(f'There is no axial layer in a block "{name}".')
    layer, kept = modules[full], []
    hook = layer.register_forward_hook(lambda module, inputs, answer: kept.append(inputs[0]))
    try:
        with evaluating(model):
            model(fit_image(image, config.data.crop_size)[None])
    finally:
        hook.remove()
    assert isinstance(layer, AxialAttention2d)
    return Seen(layer, kept[0].clone())


def two_hop_by_terms(seen: Seen, cell: Cell, heads: Heads) -> dict[str, Map]:
    """Return the two-hop map as it is, and as some logit terms alone would make it."""
    with torch.no_grad(), record_attention(seen.layer, terms=True) as maps:
        seen.layer(seen.x)
    found = {}
    for name, both in TERMS.items():
        height, width = (
            maps.terms[axis][list(kept)].sum(dim=0).softmax(dim=-1)
            for axis, kept in zip(("height", "width"), both, strict=True)
        )
        found[name] = two_hop(height, width, cell, head=heads).numpy()
    return found


@torch.no_grad()
def all_at_once(seen: Seen, cell: Cell, head: int) -> Map:
    """Return where a cell would look if the row hop's queries met the keys of all cells.

    A non-local layer with the same q and k: one softmax over all cells, of the content logits
    alone, as it has no relative positions. The layer was never trained for it.
    """
    layer = seen.layer.width
    rows = _after_the_columns(seen.layer, seen.x)
    q, k, _ = layer.project(rows)
    scale, _ = layer.logit_affine()
    logits = scale[0, head] * einsum(q[cell[0], head, cell[1]], k[:, head], "d, i w d -> i w")
    return logits.double().flatten().softmax(dim=0).reshape(logits.shape).numpy()


def _after_the_columns(layer: AxialAttention2d, x: Tensor) -> Float[Tensor, "row column channel"]:
    columns = layer.height(rearrange(x, "1 c h w -> w h c"))
    return rearrange(columns, "w h c -> h w c")


def fresh_network(preset: str, image: Picture, seed: int) -> nn.Module:
    """Build an untrained network that has seen one picture often enough to know its statistics.

    Without them its batch norms would do nothing, and its attention would be sharp by chance.
    """
    torch.manual_seed(seed)
    model = axialkit.build_model(preset).train()
    seen = fit_image(image, axialkit.PRESETS[preset].data.crop_size)[None]
    with torch.no_grad():
        for _ in range(_LOOKS):
            model(seen)
    return model.eval()
