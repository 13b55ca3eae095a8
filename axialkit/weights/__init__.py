"""Weights on disk and the ones that are shipped."""
