"""The networks, from blocks to heads."""
