"""Functions whose modules are loaded when one is first called, so that a start reads only what it needs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

_MODULES = dict[str, None]()


def lazily(names: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield each function by its name. `names` has the functions of each module, by the module's whole name."""
    for module, functions in names.items():
        _MODULES[module] = None
        for name in functions:
            yield name, _on_call(module, name)


def load(*more: str) -> None:
    """Load those modules, and more, now. A Lambda function starts with a whole CPU and handles events with a part."""
    for module in (*_MODULES, *more):
        import_module(module)


def _on_call(module: str, name: str) -> Callable[..., Any]:
    function: Callable[..., Any] | None = None

    def call(*args: Any, **more: Any) -> Any:
        nonlocal function
        if function is None:
            function = getattr(import_module(module), name)
        return function(*args, **more)

    return call
