"""One worker alone: inspect with a queue, topics and a Security Hub of its own, until nothing is left to evaluate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aws.calls import CallFailed
from aws.channels import Message
from domain.places import Place
from domain.subject import Subject, SubjectId
from domain.triggers.message import SubjectMessage
from operations.inspection.inspector import Done, Failed, Inspector, SentBack
from tests.operations.imports import Imports


@dataclass
class Held:
    """Stands for a queue or topic: holds what it is sent."""

    bodies: list[str] = field(default_factory=list)

    def send_each(self, messages: Sequence[Message]) -> dict[int, CallFailed]:
        self.bodies += [message.body for message in messages]
        return {}

    def send_all(self, messages: Sequence[Message]) -> None:
        self.send_each(messages)

    def publish_each(self, messages: Sequence[Message]) -> dict[int, CallFailed]:
        return self.send_each(messages)

    def publish(self, body: str, attributes: object = None, subject: object = None) -> None:
        del attributes, subject
        self.bodies.append(body)


def evaluated_afresh(inspector: Inspector, place: Place, families: Iterable[str], services: Iterable[str]) -> Imports:
    """Evaluate these and what they depend on; `inspector` is to have a table of its own. Gives what was imported."""
    hub, subjects, nobody = Imports(), Held(), Held()
    channels: Any = {"hub": hub, "subjects": subjects, "alerts": nobody, "remediations": nobody}
    others: Any = {"changes": nobody, "remediations": nobody}
    alone = replace(inspector, publisher=replace(inspector.publisher, **channels), **others)
    at: dict[str, object] = {"account": place.account, "region": place.region}
    of_services: Iterable[tuple[Subject, str, dict[str, object]]] = (
        (Subject.SERVICE, name, {"kind": "service", "service": name}) for name in services
    )
    of_families: Iterable[tuple[Subject, str, dict[str, object]]] = (
        (Subject.FAMILY, name, {"kind": "family", "family": name, "revision": 0}) for name in families
    )
    for kind, name, trigger in (*of_services, *of_families):
        body = {"subject": SubjectId(place, kind, name).key, "trigger": at | trigger}
        subjects.bodies.append(SubjectMessage.model_validate(body).body)
    outcomes = list[Done | Failed | SentBack]()
    while subjects.bodies:
        bodies, subjects.bodies = subjects.bodies[:10], subjects.bodies[10:]
        outcomes += alone.inspect({str(number): body for number, body in enumerate(bodies)})
    failed = [each for each in outcomes if isinstance(each, Failed)]
    assert not failed, failed
    return hub
