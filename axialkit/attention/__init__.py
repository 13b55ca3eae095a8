"""Position-sensitive axial attention."""

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.backends import BACKENDS
from axialkit.attention.layers import AxialAttention2d, GlobalAttention2d
from axialkit.attention.record import record_attention
from axialkit.attention.reference import Terms
from axialkit.attention.switch import attention_backend, attention_layers, set_attention_backend

__all__ = [
    "BACKENDS",
    "AxialAttention1d",
    "AxialAttention2d",
    "GlobalAttention2d",
    "Terms",
    "attention_backend",
    "attention_layers",
    "record_attention",
    "set_attention_backend",
]
