"""What every service of the fake AWS has in common: operations by name, and loud refusals."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from botocore import xform_name

type Json = dict[str, Any]  # requests and answers as botocore has them

_NAME = cache(xform_name)


class Refused(Exception):
    """What AWS answers in place of a result: an error code, and members of the error response."""

    def __init__(self, code: str, message: str = "", status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


class Unsupported(BaseException):
    """The fake does not know this. A BaseException, so that no code under test catches it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The fake AWS does not know {what}. Add it to tests/aws_fake.")


def supports[T: Callable[..., Any]](*members: str) -> Callable[[T], T]:
    """Mark a method as the operation of its name; a request with any other member is Unsupported."""

    def mark(method: T) -> T:
        method.members = frozenset(members)  # type: ignore[attr-defined] # read below
        return method

    return mark


class Service:
    """One service, or a part of one. Each operation is a method named as boto3 names it, which takes the request."""

    def operation(self, name: str) -> Callable[[Json], Json] | None:
        """The method that answers, if the service has it."""
        method = getattr(self, _NAME(name), None)
        return method if hasattr(method, "members") else None

    def answer(self, name: str, given: Json) -> Json:
        """Answer one call. Refused where AWS refuses it."""
        method = self.operation(name)
        if method is None:
            raise Unsupported(f"{type(self).__name__} {name}")
        unknown = given.keys() - method.members  # type: ignore[attr-defined] # set above
        if unknown:
            raise Unsupported(f"{', '.join(sorted(unknown))} of {name}")
        answer: Json = copied(method(copied(given)))
        return answer


def copied(value: Any) -> Any:
    """A copy of JSON: nobody changes what another holds."""
    if isinstance(value, dict):
        return {key: copied(item) if isinstance(item, dict | list) else item for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) if isinstance(item, dict | list) else item for item in value]
    return value


def page(items: Sequence[Any], given: Json, token: str, size: str, most: int) -> tuple[list[Any], str | None]:
    """One page of a listing, and the token of the next one. `token` and `size` are the request's members for these."""
    start = int(given.get(token) or 0)
    end = start + min(int(given.get(size) or most), most)
    return list(items[start:end]), str(end) if end < len(items) else None
