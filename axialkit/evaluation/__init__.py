"""Panoptic quality, mean IoU and the official script."""
