"""A network on the page: what it computes for a picture, computed once per picture.

Pictures are known by their pixels. What was computed for the last few stays in memory, for some
minutes; moving a slider only repeats what depends on it. Nothing is written to disk.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

from torch import Tensor, nn

from axialkit.attention import AxialAttention1d, AxialAttention2d, axial_layers
from axialkit.attention.ablate import without_axis, without_positions
from axialkit.attention.record import layer_name
from axialkit.attention.replay import ALL_TERMS, LogitTerms, record_inputs, replay_weights
from axialkit.attention.summaries import layers_with_both_passes
from axialkit.config import ExperimentConfig, PostprocessConfig
from axialkit.demo.placement import Placement
from axialkit.demo.recall import Recall
from axialkit.errors import InputError
from axialkit.inference import predict_images, restore_size
from axialkit.postprocess import panoptic_from_prediction
from axialkit.structures import PanopticResult, Prediction
from axialkit.visualize.colors import Picture
from axialkit.visualize.two_hop import Maps
from axialkit.weights import load_config, load_model, shipped_names
from axialkit.weights.zoo import read_card

ABLATIONS = ("positions", "height", "width")  # parts of the attention that can be switched off
_MOST_BYTES, _MOST_PICTURES, _MOST_SECONDS = 512 * 2**20, 16, 600.0


class Seen(NamedTuple):
    """What a network computed for one picture."""

    image: Picture
    placement: Placement
    prediction: Prediction  # the three heads, at the size of the crop
    inputs: dict[str, Tensor]  # of each attention layer; its weights follow from them

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        tensors = (*self.prediction, *self.inputs.values())
        return self.image.nbytes + sum(tensor.nbytes for tensor in tensors)


class Network:
    """Weights, and all that the page asks of them. One computation at a time.

    Example::

        network = Network.load("tiny")
        seen = network.see(read_rgb("street.png"))
        network.answer(seen).panoptic
    """

    def __init__(
        self,
        model: nn.Module,
        config: ExperimentConfig,
        name: str,
        card: dict[str, Any] | None = None,
    ) -> None:
        self.model, self.config, self.name, self.card = model.eval(), config, name, card
        self.parts: dict[str, AxialAttention1d] = {
            layer_name(path): layer for path, layer in axial_layers(model).items()
        }
        named = dict.fromkeys(self.parts, next(model.parameters()))
        self.layers = layers_with_both_passes(named)
        self.heads = min(layer.heads for layer in self.parts.values())
        self.lock = RLock()
        self._seen: Recall[Seen] = Recall(
            lambda seen: seen.nbytes,
            most_bytes=_MOST_BYTES,
            most_entries=_MOST_PICTURES,
            most_seconds=_MOST_SECONDS,
        )

    @classmethod
    def load(cls, weights: str | Path) -> "Network":
        """Load shipped weights, downloaded ones, a file or a run folder.

        Raises:
            InputError: no such weights, or a network without axial attention.
        """
        model = load_model(weights)
        if not any(isinstance(module, AxialAttention2d) for module in model.modules()):
            raise InputError(
                f"{weights} has no axial attention, which this page shows. See its answers with: "
                f"axialkit predict {weights} IMAGE"
            )
        card = read_card(str(weights)) if str(weights) in shipped_names() else None
        return cls(model, load_config(weights), Path(weights).name, card)

    @property
    def crop(self) -> tuple[int, int]:
        """Size (height, width) of what the network sees."""
        return self.config.data.crop_size

    def see(self, image: Picture, *, without: str = "") -> Seen:
        """Run the network on a picture, or recall what it computed; ``without`` one of ABLATIONS.

        Raises:
            InputError: no uint8 picture ``[height, width, 3]``, or nothing of that name to leave
                out.
        """
        key = hashlib.sha256(image.tobytes()).hexdigest(), image.shape, without
        with self.lock:
            return self._seen.get(key, lambda: self._run(image, without))

    def _run(self, image: Picture, without: str) -> Seen:
        placement = Placement.of(image.shape, self.crop)
        with self.lock, self._without(without), record_inputs(self.model) as inputs:
            (prediction,) = predict_images(self.model, [image], self.config)
        return Seen(image.copy(), placement, prediction, dict(inputs))

    @contextmanager
    def _without(self, part: str) -> Iterator[None]:
        if part and part not in ABLATIONS:
            raise InputError(
                f'There is no part "{part}" to switch off. Choose {", ".join(ABLATIONS)}.'
            )
        if not part:
            yield
        elif part == "positions":
            with without_positions(self.model):
                yield
        else:
            with without_axis(self.model, part):
                yield

    def answer(self, seen: Seen, settings: PostprocessConfig | None = None) -> PanopticResult:
        """Return the panoptic answer, at ``placement.answer_size``; post-processing only."""
        config = replace(self.config, postprocess=settings or self.config.postprocess)
        result = panoptic_from_prediction(seen.prediction, config.postprocess)
        return restore_size(result, seen.placement.answer_size, config)

    def layer(self, number: int) -> str:
        """Return the name of a layer, counted from 1.

        Raises:
            InputError: there is no such layer.
        """
        if not 1 <= number <= len(self.layers):
            raise InputError(f"There is no layer {number}. Choose 1 to {len(self.layers)}.")
        return self.layers[number - 1]

    def maps(self, seen: Seen, layer: str, terms: LogitTerms = ALL_TERMS) -> Maps:
        """Return the attention weights of both passes of a layer."""
        names = f"{layer}.height", f"{layer}.width"
        return {name: replay_weights(self.parts[name], seen.inputs[name], terms) for name in names}

    def cells(self, seen: Seen, number: int) -> tuple[int, int]:
        """Return (rows, columns) of the cells that a layer, counted from 1, answers for.

        Raises:
            InputError: there is no such layer.
        """
        layer = self.layer(number)
        columns, rows = seen.inputs[f"{layer}.height"].shape[:2]
        stride = self.stride(layer)
        return -(-rows // stride), -(-columns // stride)

    def stride(self, layer: str) -> int:
        """Return by how much a layer thins out its map."""
        return next(
            module.stride
            for path, module in self.model.named_modules()
            if isinstance(module, AxialAttention2d) and layer_name(path) == layer
        )
