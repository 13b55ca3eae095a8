"""``axialkit doctor --attention``: which kernels compute attention on this machine."""

import torch

from axialkit.attention import AxialAttention1d, explain_backend

# a layer's input channels, key and value channels, at 1025x2049
LAYERS = {
    "MaX-DeepLab-S, stage 4, width pass": (512, 256, 512),
    "wide family, stage 5, width pass": (2048, 1024, 2048),
}
ROWS, LENGTH, HEADS = 65, 129, 8


def print_attention() -> None:
    """Explain the backend of typical layers, in inference and in training, by precision."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    precisions = [torch.float32, torch.bfloat16]
    if device == "cuda":
        precisions.append(torch.float16)
    for name, channels in LAYERS.items():
        for dtype in precisions:
            for training in (False, True):
                print(f"=== {name}, {'training' if training else 'inference'}")
                _explain(channels, dtype, device, training=training)


def _explain(
    channels: tuple[int, int, int], dtype: torch.dtype, device: str, *, training: bool
) -> None:
    with torch.device("meta"):  # the layer's shape is enough
        layer = AxialAttention1d(*channels, heads=HEADS)
    example = torch.empty(ROWS, LENGTH, channels[0], dtype=dtype, device=device)
    with torch.set_grad_enabled(training):
        explain_backend(layer.train(training), example)
