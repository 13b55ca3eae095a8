"""What the page says about the weights: how they were made, how good they are, what for."""

from axialkit.demo.network import Network
from axialkit.demo.uploads import MAX_PIXELS
from axialkit.weights.released import RELEASED


def badge(network: Network) -> str:
    """Return the honest label of the weights, one sentence."""
    if network.card is None and any(network.name == one.preset for one in RELEASED):
        return (
            f"The authors' weights of {network.name}, converted; trained on Cityscapes, so not for "
            "commercial use."
        )
    if network.card is None:
        return f"Weights {network.name}, brought by whoever runs this page."
    pq = network.card["pq"]
    return f"Teaching weights “{network.name}”, trained on drawn streets (PQ {pq:.0f} on new ones)."


def about(network: Network) -> str:
    """Return the text of the tab About, Markdown."""
    height, width = network.crop
    parameters = sum(parameter.numel() for parameter in network.model.parameters())
    return f"""### The weights
{badge(network)} {parameters:,} parameters, {len(network.layers)} axial layers of
{network.heads} heads; the network sees pictures of at most {height} × {width} pixels, larger ones
are shrunk to fit.

{_quality(network)}

### What it must not be used for
This page is for learning. It knows no night, no snow and no crowd, and it is wrong without a
warning. Nobody's safety may depend on it, and whoever points such a network at people has to ask
who is in the picture and whether they agreed.

### What becomes of your picture
It is decoded, segmented and shown to you, on the machine that runs this page, which asks no other
machine for anything. What the network computed for it stays in memory for at most ten minutes
without use, files are deleted after half an hour and when the page ends. Nothing is logged. A link
that you share holds no picture. Files of up to 20 MB and {MAX_PIXELS // 1_000_000} million pixels
are taken.

### What you see
* **Panoptic**: every pixel gets a class, and every thing a number of its own.
* **Attention**: the column and the row that a cell looks along, and both hops composed, exactly.
  Weights say what a layer gathers from where. They do not say why the answer is what it is.
* **Compare**: the same weights, with a part of the attention switched off, or all cells at once.
* **Metrics**: the answer beside the ground truth, for drawn streets, which have one.

### Sources and licenses
Axial-DeepLab: H. Wang et al., *Axial-DeepLab: Stand-Alone Axial-Attention for Panoptic
Segmentation*, ECCV 2020. axialkit and its teaching weights: Apache License 2.0. The streets are
drawn by MiniCity, a part of axialkit; no photograph is shipped. Weights that were trained on
Cityscapes are bound to the terms of that data set: not for commercial use.
"""


def _quality(network: Network) -> str:
    card = network.card
    if card is None:
        return (
            "How good they are on your kind of pictures, only a test on such pictures can tell: "
            "`axialkit evaluate`."
        )
    return (
        "On photographs they are mostly wrong, since they have never seen one. Their weakest "
        "classes are small things and poles. The full model card is in the package, "
        f"`axialkit zoo {network.name}`."
    )
