"""Weights on disk and the ones that are shipped."""

from axialkit.weights.files import load_weights, read_tensors, save_weights
from axialkit.weights.hub import load_config, load_model, shipped_names

__all__ = [
    "load_config",
    "load_model",
    "load_weights",
    "read_tensors",
    "save_weights",
    "shipped_names",
]
