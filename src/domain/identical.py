"""Keys for caches of values that are too large to compare."""


class Identical[T]:
    """A key that is equal only to itself: comparing configurations would cost what the cache saves."""

    __slots__ = ("thing",)

    def __init__(self, thing: T) -> None:
        self.thing = thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identical) and self.thing is other.thing
