"""Numbers and classes as words of figures and descriptions."""

from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.structures import LABEL_DIVISOR, VOID


def percent(share: float) -> str:
    """Return a share as "42 %"."""
    return f"{share:.0%}".replace("%", " %")


def class_name(train_id: int) -> str:
    """Return the name of a class; "unlabelled" for void."""
    return "unlabelled" if train_id == VOID // LABEL_DIVISOR else TRAIN_CLASSES[train_id].name
