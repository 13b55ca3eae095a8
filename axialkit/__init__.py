"""axialkit: learn, see and use Axial-DeepLab."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# public name -> module that holds it; loaded on first use, so that `import axialkit` stays light
_PUBLIC = {
    "PRESETS": "axialkit.config",
    "InputError": "axialkit.errors",
    "build_model": "axialkit.model",
    "build_classifier": "axialkit.model",
    "load_model": "axialkit.weights",
    "load_config": "axialkit.weights",
    "record_attention": "axialkit.attention",
    "set_attention_backend": "axialkit.attention",
    "explain_backend": "axialkit.attention",
    "segment": "axialkit.inference",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _PUBLIC:
        raise AttributeError(f"module 'axialkit' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
