"""Records normalizing flows and their training for the Flowscope inspector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import recording
from .posterior import to_arviz
from .run import Run
from .show import show
from .tracker import Tracker

if TYPE_CHECKING:
    from .checks import check
    from .field import Field
    from .live import Live
    from .recorder import record
    from .steps import Step
    from .watching import watch

__version__ = "1.0.0"
__all__ = ["Field", "Live", "Run", "Step", "Tracker", "__version__", "check", "record", "recording", "show", "to_arviz", "watch"]


def __getattr__(name: str) -> Any:
    """What needs PyTorch is loaded when it is first asked for."""
    if name == "record":
        from .recorder import record

        return record
    if name == "Live":
        from .live import Live

        return Live
    if name == "check":
        from .checks import check

        return check
    if name == "Field":
        from .field import Field

        return Field
    if name == "Step":
        from .steps import Step

        return Step
    if name == "watch":
        from .watching import watch

        return watch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
