"""Measuring attention layers and networks against the machine's own speed."""
