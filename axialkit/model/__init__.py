"""The networks, from blocks to heads."""

from axialkit.model.build import build_classifier, build_model
from axialkit.model.classifier import AxialClassifier
from axialkit.model.deeplab import AxialDeepLab

__all__ = ["AxialClassifier", "AxialDeepLab", "build_classifier", "build_model"]
