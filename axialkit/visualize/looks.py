"""The attention of a network on one picture: recorded once, then any cell can be asked about.

A *cell* is one position (y, x) of a layer's map; a *look* is where it looks in that layer.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int
from torch import Tensor, nn

from axialkit.attention import record_attention
from axialkit.attention.summaries import layers_with_both_passes
from axialkit.config import ExperimentConfig
from axialkit.inference import fit_image, predict_images
from axialkit.postprocess import panoptic_from_prediction
from axialkit.structures import PanopticResult
from axialkit.visualize.colors import Picture
from axialkit.visualize.panoptic import segment_name
from axialkit.visualize.two_hop import (
    Maps,
    PixelAttention,
    attended_classes,
    map_size,
    pixel_attention,
)
from axialkit.visualize.words import class_name, percent

Heads = tuple[int | None, int | None]  # of the height and of the width pass; None = the mean
_NAMED = 3  # classes that a sentence names


class Looks:
    """A picture as the network sees it, its attention weights by layer, and its own answer.

    Example::

        looks = Looks.record(load_model("tiny"), image, load_config("tiny"))
        look = looks.ask((4, 7), layer="stage4.block2", heads=(0, 1))
        look.two_hop, looks.describe(look)
    """

    def __init__(self, image: Picture, maps: Mapping[str, Tensor], result: PanopticResult) -> None:
        self.image, self.result = image, result
        self.maps: Maps = dict(maps)
        self.layers = layers_with_both_passes(self.maps)
        self.heads = min(weights.shape[1] for weights in self.maps.values())

    @classmethod
    def record(cls, model: nn.Module, image: Picture, config: ExperimentConfig) -> "Looks":
        """Run the network once on a picture, and keep what it looked at and what it answered."""
        with record_attention(model) as maps:
            (prediction,) = predict_images(model, [image], config)
        # copies: what is made in inference mode cannot take part in a later gradient
        kept = {name: weights.clone() for name, weights in maps.items()}
        seen = fit_image(image, config.data.crop_size).permute(1, 2, 0).round().byte().numpy()
        return cls(seen, kept, panoptic_from_prediction(prediction, config.postprocess))

    def ask(
        self,
        cell: tuple[int, int],
        layer: str,
        heads: Heads = (None, None),
        order: str = "hw",
    ) -> PixelAttention:
        """Look up where a cell looks, for a pair of heads or their mean.

        Raises:
            InputError: no such layer, head, cell or order.
        """
        return pixel_attention(self.maps, layer, cell, head=heads, order=order)

    def map_size(self, layer: str) -> tuple[int, int]:
        """Return (rows, columns) of a layer's map."""
        return map_size(self.maps, layer)

    def labels(self, layer: str) -> Int[np.ndarray, "rows columns"]:
        """Return the panoptic label of the network's own answer at the center of each cell."""
        ys, xs = (
            np.linspace(0, pixels - 1, cells).round().astype(int)
            for pixels, cells in zip(self.result.panoptic.shape, self.map_size(layer), strict=True)
        )
        return self.result.panoptic[ys[:, None], xs]

    def describe(self, look: PixelAttention) -> str:
        """Say in a few words where a cell looks, and what the network takes that for."""
        labels = self.labels(look.layer)
        y, x = (int(i) for i in np.unravel_index(look.two_hop.argmax(), look.two_hop.shape))
        row, column = int(look.row.argmax()), int(look.column.argmax())
        classes = attended_classes(look.two_hop, self.result.panoptic)[:_NAMED]
        named = ", ".join(f"{class_name(train_id)} {percent(p)}" for train_id, p in classes)
        return (
            f"Cell {look.cell} ({segment_name(int(labels[look.cell]))}). "
            f"Its row: most on column {row} ({percent(look.row[row])}). "
            f"Its column: most on row {column} ({percent(look.column[column])}). "
            f"Both hops: most on cell {(y, x)}, {segment_name(int(labels[y, x]))} "
            f"({percent(look.two_hop[y, x])}). By class: {named}."
        )
