"""From street scenes on disk to training targets."""

from importlib import import_module
from typing import Any

# public name -> (module, name there); loaded on first use, because some need torch
_PUBLIC = {
    "list_samples": ("cityscapes", "list_samples"),
    "generate_minicity": ("minicity", "generate"),
    "scene": ("minicity", "scene"),
    "read_specials": ("minicity", "read_specials"),
    "read_rgb": ("images", "read_rgb"),
    "PanopticDataset": ("dataset", "PanopticDataset"),
    "build_loader": ("dataset", "build_loader"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _PUBLIC:
        raise AttributeError(f"module 'axialkit.data' has no attribute '{name}'")
    module, public = _PUBLIC[name]
    return getattr(import_module(f"axialkit.data.{module}"), public)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
