"""Gradio, imported so that it calls nobody and keeps what it must keep in a folder of our own.

The rest of the demo imports ``gr`` from here.
"""

import atexit
import os
import shutil
import tempfile

from axialkit.errors import InputError


def _own_folder() -> str:
    """Make a folder that nobody else can read, and that ends with this process."""
    folder = tempfile.mkdtemp(prefix="axialkit-demo-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


# both are read by Gradio when it is imported; who has set them knows better
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if "GRADIO_TEMP_DIR" not in os.environ:
    os.environ["GRADIO_TEMP_DIR"] = _own_folder()
try:
    import gradio as gr
except ImportError as error:
    raise InputError('The page needs Gradio. Install it with: pip install -e ".[demo]"') from error

__all__ = ["gr"]
