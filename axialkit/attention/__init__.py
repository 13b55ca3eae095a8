"""Position-sensitive axial attention."""

from axialkit.attention.layers import AxialAttention1d, AxialAttention2d, GlobalAttention2d
from axialkit.attention.record import record_attention
from axialkit.attention.reference import Terms

__all__ = [
    "AxialAttention1d",
    "AxialAttention2d",
    "GlobalAttention2d",
    "Terms",
    "record_attention",
]
