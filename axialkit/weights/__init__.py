"""Weights on disk: shipped ones, the authors' ones, and those of your own runs."""

from axialkit.weights.files import load_weights, read_tensors, save_weights
from axialkit.weights.find import load_config, released_weights, shipped_names
from axialkit.weights.hub import load_model
from axialkit.weights.load_tf import LoadReport, init_from, load_tf_checkpoint
from axialkit.weights.tf_checkpoint import TfCheckpoint

__all__ = [
    "LoadReport",
    "TfCheckpoint",
    "init_from",
    "load_config",
    "load_model",
    "load_tf_checkpoint",
    "load_weights",
    "read_tensors",
    "released_weights",
    "save_weights",
    "shipped_names",
]
