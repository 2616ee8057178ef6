"""Count the calls to each AWS service: they decide about throttling and much of the cost."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from botocore.session import Session


@dataclass(frozen=True, slots=True)
class Sent:
    """Calls to one service, where each page of a listing counts as one, and how often botocore retried one."""

    calls: int
    retries: int


@dataclass(slots=True)
class Traffic:
    """Counts calls where botocore sends them, so that pages, retries and calls of libraries are included."""

    _calls: Counter[str] = field(default_factory=Counter)
    _requests: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def watch(self, session: Session) -> Session:
        """Return the session; calls of its clients are counted from now on."""
        events = session.get_component("event_emitter")
        events.register("before-call", self._called)
        events.register("before-send", self._sent)
        return session

    def taken(self) -> dict[str, Sent]:
        """Return the counts since the last call, by service as botocore names it: `ecs`, `secrets-manager`."""
        with self._lock:
            calls, requests = self._calls, self._requests
            self._calls, self._requests = Counter(), Counter()
        return {service: Sent(count, max(requests[service] - count, 0)) for service, count in calls.items()}

    # Events are named `before-call.SERVICE.OPERATION`. A value that a handler returns would replace the response.

    def _called(self, event_name: str, **_: Any) -> None:
        with self._lock:
            self._calls[event_name.split(".")[1]] += 1

    def _sent(self, event_name: str, **_: Any) -> None:
        with self._lock:
            self._requests[event_name.split(".")[1]] += 1
