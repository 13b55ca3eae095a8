"""Controls of the page that hand over what was sent as it was: we check it, in plain words."""

from typing import Any, TypeVar

from axialkit.demo.gradio_quietly import gr
from axialkit.demo.requests import LIMITS

Control = TypeVar("Control")


def as_sent(control: Control) -> Control:
    """Let a control pass on the value that the browser or program sent."""
    control.preprocess = _unchanged  # type: ignore[attr-defined]
    return control


def picture_input(**options: Any) -> gr.Image:  # noqa: ANN401
    """Return a picture control that hands over the path of the file.

    Gradio would decode the file first, without a limit and with errors of its own.
    """
    image = gr.Image(type="filepath", format="png", **options)
    image.preprocess = _path_of  # type: ignore[method-assign, assignment]
    return image


def picture_output(**options: Any) -> gr.Image:  # noqa: ANN401
    """Return a picture that is only shown; as PNG, so that no pixel changes."""
    return gr.Image(
        format="png", interactive=False, elem_classes="picture",
        buttons=["download", "fullscreen"],  # none that sends it elsewhere
        **options,
    )  # fmt: skip


def setting_sliders(values: dict[str, float]) -> list[gr.Slider]:
    """Return a slider for each setting of the post-processing, in the order of LIMITS."""
    return [
        as_sent(
            gr.Slider(
                low, high, values[field], step=0.01 if high == 1 else 1, label=name,
                elem_id=field, min_width=200,
            )
        )
        for field, (name, low, high) in LIMITS.items()
    ]  # fmt: skip


def _unchanged(sent: Any) -> Any:  # noqa: ANN401
    return sent


def _path_of(file: Any) -> str | None:  # noqa: ANN401  (the type is Gradio's own)
    return None if file is None else file.path
