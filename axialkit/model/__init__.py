"""The networks, from blocks to heads."""

from axialkit.model.build import build_model
from axialkit.model.deeplab import AxialDeepLab

__all__ = ["AxialDeepLab", "build_model"]
