"""Right answers to lesson 12, independent of the package: loops and plain arithmetic."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

NAMES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign"),
    *("vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train"),
    *("motorcycle", "bicycle"),
)
FIRST_THING, NOTHING = 11, 255000


def quantise_by_loop(weight: torch.Tensor, bits: int) -> list[torch.Tensor]:
    largest = (1 << (bits - 1)) - 1
    codes, scales = torch.zeros(weight.shape, dtype=torch.int8), []
    for number, channel in enumerate(weight):
        top = max(float(channel.max()), -float(channel.min()))
        scales.append(top / largest if top else 1.0)
        codes[number] = torch.round(channel / scales[-1])
    return [codes, torch.tensor(scales, dtype=weight.dtype)]


def predict_by_loop(image: np.ndarray, network: Callable[..., Any]) -> dict[str, Any]:
    if type(image).__name__ != "ndarray":
        raise ValueError(f"no picture: {image!r:.40}")
    if str(image.dtype) != "uint8" or len(image.shape) != 3 or image.shape[-1] != 3:
        raise ValueError(f"no picture: {image.dtype}, {image.shape}")
    if 0 in image.shape:
        raise ValueError("no pixels")
    result, places = network(image), {}
    for y, row in enumerate(result.panoptic.tolist()):
        for x, label in enumerate(row):
            if label != NOTHING:
                places.setdefault(label, []).append((y, x))
    segments = []
    for label, points in sorted(places.items(), key=lambda item: (-len(item[1]), item[0])):
        klass, number = divmod(label, 1000)
        ys, xs = zip(*points, strict=True)
        sure = [float(result.segment_probability[point]) for point in points]
        segments.append(
            {
                "box": (min(ys), min(xs), max(ys) + 1, max(xs) + 1),
                "area": len(points) / (image.shape[0] * image.shape[1]),
                "score": sum(sure) / len(sure),
                "name": NAMES[klass] + (f" {number}" if klass >= FIRST_THING else ""),
                "id": label,
            }
        )
    return {"segments": segments, "size": image.shape[:2]}


def cell_by_search(
    click: Sequence[int] | None,
    size: tuple[int, int],
    fitted: tuple[int, int],
    stride: int,
) -> list[int] | None:
    """Measure the distance to every pixel of the crop, then to every cell; the later of equals."""
    if click is None:
        return None
    found = []
    for place, side, shrunk in zip(reversed(click), size, fitted, strict=True):
        if place < 0 or place >= side:
            return None
        share = place / (side - 1) if side > 1 else 0.0
        pixels = range(shrunk)
        pixel = min(pixels, key=lambda p: (round(abs(p - share * (shrunk - 1)), 9), -p))
        cells = range(-(-shrunk // stride) + 1)
        found.append(min(cells, key=lambda c: (abs(c * stride - pixel), -c)))
    return found


def light(channel: float) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def overlay_by_loop(image: np.ndarray, panoptic: np.ndarray, colors: np.ndarray) -> np.ndarray:
    height, width = panoptic.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            color = colors[panoptic[y, x] // 1000]
            pairs = zip(image[y, x].tolist(), color.tolist(), strict=True)
            blend = [round((2 * pixel + 3 * paint) / 5) for pixel, paint in pairs]
            around = [(y + 1, x)] * (y + 1 < height) + [(y, x + 1)] * (x + 1 < width)
            if any(panoptic[place] != panoptic[y, x] for place in around):
                red, green, blue = map(light, blend)
                bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue
                blend = [255 if 1.05 / (bright + 0.05) > (bright + 0.05) / 0.05 else 0] * 3
            out[y, x] = blend
    return out


def interface_in_a_tab(confidence: np.ndarray) -> Any:
    import gradio as gr

    ordered = sorted(confidence.flatten().tolist())

    def sure(least: float) -> float:
        return 100 * sum(value >= least for value in ordered) / len(ordered)

    page = gr.Blocks(analytics_enabled=False)
    with page:
        gr.Markdown("# How sure is it?")
        with gr.Tabs(), gr.TabItem("Certainty"):
            slider = gr.Slider(
                minimum=0.0, maximum=1.0, value=0.5, step=0.01, label="at least this probable"
            )
            number = gr.Number(label="percent", value=sure(0.5))
            gr.on(slider.release, sure, inputs=[slider], outputs=[number], api_name="sure")
    return page


SECOND_SOLUTIONS = {
    "12.1": quantise_by_loop,
    "12.2": predict_by_loop,
    "12.3": cell_by_search,
    "12.4": overlay_by_loop,
    "12.5": interface_in_a_tab,
}
