"""What a fix assumes, as data. `domain.remediation.certainty` decides whether it is known to hold.

A fix names all that its change depends on and its own document does not show. A change is SAFE only where all of it is
known: a fact that was not read, a template's placeholder and a container whose ports are not known prove nothing.
"""

from dataclasses import dataclass

from domain.collector.listeners import Transport
from domain.facts import FactKind


@dataclass(frozen=True, slots=True)
class FactKnown:
    """A fact that the result depends on was read."""

    kind: FactKind


@dataclass(frozen=True, slots=True)
class EndpointServed:
    """A collector takes what a container sends to this endpoint, and nothing else took it before."""

    container: str
    variable: str


@dataclass(frozen=True, slots=True)
class XrayAnswered:
    """Something in the task answers X-Ray's SDK in a container on this port."""

    container: str
    port: int
    transport: Transport


@dataclass(frozen=True, slots=True)
class ImageHeld:
    """The image's repository holds its tag or digest; `wanted` is the standard's image."""

    image: str
    wanted: str


@dataclass(frozen=True, slots=True)
class MembersWritten:
    """These members of the task and of its containers are values, and no placeholders."""

    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SameConfiguration:
    """The parameter holds the text that the container's variable has now."""

    container: str
    variable: str
    parameter: str


@dataclass(frozen=True, slots=True)
class NewestNoWorse:
    """The family's newest revision keeps all rules that the running one keeps."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The result keeps all of these rules; with `codes`, it has none of these drifts of them."""

    rules: tuple[str, ...]
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OnFargate:
    """The service runs on Fargate."""


type Assumption = (
    FactKnown
    | EndpointServed
    | XrayAnswered
    | ImageHeld
    | MembersWritten
    | SameConfiguration
    | NewestNoWorse
    | Kept
    | OnFargate
)
