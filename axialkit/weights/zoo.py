"""The published scores of the five networks, from the model zoo of the authors' deeplab2.

All on Cityscapes val, one scale, no flip, 1025x2049 crops, ImageNet-1K pre-training. The zoo
gives two columns: the score of the official cityscapesScripts, and that of the authors' own
evaluator, which is higher because it takes crowds out of the ground truth.
"""

from typing import Any, NamedTuple

from axialkit.files import read_json
from axialkit.weights.find import SHIPPED


class PublishedScore(NamedTuple):
    """One row of the model zoo, in percent."""

    network: str
    pq_official: float
    miou_official: float
    pq_authors: float
    miou_authors: float
    ap_mask_authors: float


# preset (axialkit.config.PRESETS) -> published scores
PUBLISHED = {
    "axial_swidernet_1_1_1": PublishedScore(
        "Axial-SWideRNet-(1, 1, 1)", 66.1, 82.8, 66.63, 83.43, 37.18
    ),
    "axial_swidernet_1_1_3": PublishedScore(
        "Axial-SWideRNet-(1, 1, 3)", 67.1, 83.5, 67.63, 83.97, 40.00
    ),
    "axial_swidernet_1_1_4.5": PublishedScore(
        "Axial-SWideRNet-(1, 1, 4.5)", 68.0, 83.0, 68.53, 83.49, 39.51
    ),
    "max_deeplab_s_backbone": PublishedScore(
        "MaX-DeepLab-S backbone", 64.5, 82.2, 64.97, 82.63, 35.55
    ),
    "max_deeplab_l_backbone": PublishedScore(
        "MaX-DeepLab-L backbone", 66.3, 83.1, 66.77, 83.67, 38.09
    ),
}


def read_card(name: str) -> dict[str, Any]:
    """Return the model card of shipped weights: recipe, seed, time, scores.

    Raises:
        InputError: no weights of that name are shipped, or the card is damaged.
    """
    return read_json(SHIPPED / f"{name}.json")
