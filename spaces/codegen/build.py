"""Build: the module is the source. What trains is the compiled form of the text that `export` writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import nn

from ..language.closed_table import ClosedTable
from .compiled import compiled
from .old_names import names_of_today, old_names
from .source import class_name, source


def build(network: ClosedTable) -> nn.Module:
    """Return a new PyTorch module of a network, its weights initialised by PyTorch's defaults.

    The text it was compiled from is at hand for tracebacks and `inspect.getsource` as long as the module
    lives. It pickles, and so goes to other processes and into `torch.save`. It loads state dicts with the
    names of earlier versions too.
    """
    module = compiled(source(network), class_name(network))()
    if names := old_names(network.body):
        module.register_load_state_dict_pre_hook(partial(_rename, names))  # type: ignore[no-untyped-call]
    return module


def _rename(
    names: Mapping[str, str], module: nn.Module, state: dict[str, Any], prefix: str, *_: object
) -> None:
    """Call the weights of a state dict as they are called today, before it is loaded.

    Within another module, as `AveragedModel`, the weights of this one alone, which begin with the prefix.
    """
    own = {key.removeprefix(prefix): state.pop(key) for key in [*state] if key.startswith(prefix)}
    state.update({prefix + key: value for key, value in names_of_today(own, names).items()})
