"""What is computed once for the same object: comparing configurations would cost what the cache saves."""

from collections.abc import Callable
from functools import lru_cache, wraps

_REMEMBERED = 256


class _Identical[T]:
    """A key that is equal only to itself."""

    __slots__ = ("thing",)

    def __init__(self, thing: T) -> None:
        self.thing = thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and self.thing is other.thing


def once[T, *Ts, R](find: Callable[[T, *Ts], R]) -> Callable[[T, *Ts], R]:
    """Compute once for an object and the further arguments: many families share one parameter."""

    @lru_cache(maxsize=_REMEMBERED)
    def remembered(same: _Identical[T], *further: *Ts) -> R:
        return find(same.thing, *further)

    @wraps(find)
    def found(thing: T, *further: *Ts) -> R:
        return remembered(_Identical(thing), *further)

    return found
