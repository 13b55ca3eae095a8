"""Position-sensitive axial attention."""

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.backends import BACKENDS
from axialkit.attention.batch_norm import synchronize_batch_norms
from axialkit.attention.explain import explain_backend
from axialkit.attention.layers import AxialAttention2d, GlobalAttention2d
from axialkit.attention.record import record_attention
from axialkit.attention.reference import Terms
from axialkit.attention.summaries import entropy, mean_distance, rollout
from axialkit.attention.switch import attention_backend, axial_layers, set_attention_backend
from axialkit.attention.two_hop import two_hop

__all__ = [
    "BACKENDS",
    "AxialAttention1d",
    "AxialAttention2d",
    "GlobalAttention2d",
    "Terms",
    "attention_backend",
    "axial_layers",
    "entropy",
    "explain_backend",
    "mean_distance",
    "record_attention",
    "rollout",
    "set_attention_backend",
    "synchronize_batch_norms",
    "two_hop",
]
