"""SSM parameters, secrets and S3 objects: everything that is read as one text."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from aws.calls import CallFailed, CallRefused, calling
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, Parameter
from domain.places import Place
from domain.remediation.reason import Code, Reason
from domain.remediation.switch import SwitchState
from domain.workload import ParameterReference

_AT_ONCE = 10  # parameters that one GetParameters accepts


@dataclass(frozen=True, slots=True)
class Parameters:
    """SSM parameters as facts."""

    sessions: Sessions
    read: Mapping[ParameterReference, Fact[Parameter]] = field(default_factory=dict, repr=False)
    """What `facts` returned, so that it is not read again."""

    def fact(self, reference: ParameterReference) -> Fact[Parameter]:
        """Read the parameter with its text. Only DescribeParameters returns a SecureString's key."""
        known = self.read.get(reference)
        return known if known is not None else self.facts([reference])[reference]

    def facts(self, references: Iterable[ParameterReference]) -> dict[ParameterReference, Fact[Parameter]]:
        """Read many parameters, ten with one call."""
        found = dict[ParameterReference, Fact[Parameter]]()
        by_place = defaultdict[Place, list[ParameterReference]](list)
        for reference in dict.fromkeys(references):
            by_place[reference.place].append(reference)
        for place, named in by_place.items():
            for batch in batched(named, _AT_ONCE, strict=False):
                found |= self._batch(place, batch)
        return found

    def _batch(
        self, place: Place, batch: Sequence[ParameterReference]
    ) -> Iterator[tuple[ParameterReference, Fact[Parameter]]]:
        names = [reference.name for reference in batch]
        try:
            with calling("ssm:GetParameters", ", ".join(names)):
                answer = self.sessions.client("ssm", place).get_parameters(Names=names, WithDecryption=True)
        except CallFailed as failed:
            if len(batch) == 1:
                yield batch[0], failed.fact
                return
            for reference in batch:  # one that may not be read, or decrypted, fails all
                yield from self._batch(place, [reference])
            return
        by_name = {parameter["Name"]: parameter for parameter in answer["Parameters"]}
        for reference in batch:
            parameter = by_name.get(reference.name)
            yield reference, Absent() if parameter is None else self._fact(reference, parameter)

    def _fact(self, reference: ParameterReference, parameter: Any) -> Fact[Parameter]:
        try:
            secured = parameter["Type"] == "SecureString"
            key = self._key(reference.place, reference.name) if secured else None
        except CallFailed as failed:
            return failed.fact
        return Known(
            Parameter(
                arn=parameter.get("ARN") or reference.arn,
                name=reference.name,
                type=parameter["Type"],
                text=parameter["Value"],
                version=int(parameter.get("Version", 0)),
                modified=parameter.get("LastModifiedDate"),
                key_id=key,
            )
        )

    def _key(self, place: Place, name: str) -> str | None:
        with calling("ssm:DescribeParameters", name):
            filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
            found = self.sessions.client("ssm", place).describe_parameters(ParameterFilters=filters)["Parameters"]
        return found[0].get("KeyId") if found else None


def read_document(sessions: Sessions, location: str) -> str:
    """Return the text at `ssm:NAME` or `s3://BUCKET/KEY`, in Outrider's own account.

    Raises CallFailed if it cannot be read; ValueError, with a sentence, if the location has neither form.
    """
    if location.startswith("ssm:"):
        return _parameter(sessions, location.removeprefix("ssm:"))
    if location.startswith("s3://"):
        bucket, _, key = location.removeprefix("s3://").partition("/")
        with calling("s3:GetObject", f"{bucket}/{key}"):
            return str(sessions.own("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    raise ValueError("A document's location is ssm:NAME or s3://BUCKET/KEY.")


def read_secret(sessions: Sessions, location: str) -> str:
    """Return the secret at `ssm:NAME` (a SecureString) or `secretsmanager:NAME`; raises as read_document does."""
    if location.startswith("ssm:"):
        return _parameter(sessions, location.removeprefix("ssm:"))
    if location.startswith("secretsmanager:"):
        name = location.removeprefix("secretsmanager:")
        with calling("secretsmanager:GetSecretValue", name):
            return str(sessions.own("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    raise ValueError("A secret's location is ssm:NAME or secretsmanager:NAME.")


@dataclass(frozen=True, slots=True)
class Switch:
    """The kill switch: a parameter that people set. No stack creates it, so no update of a stack changes it."""

    sessions: Sessions
    name: str

    def why_off(self, account: str) -> Reason | None:
        """Return why the switch forbids corrections in an account; None if it exists, is readable and is on there.

        Raises CallFailed if the read may succeed later: the message is retried, and nothing is corrected until then.
        """
        if not self.name:
            return Reason(Code.NO_SWITCH)
        try:
            state = self.read()
        except CallRefused as failed:
            if failed.code == "ParameterNotFound":
                return Reason(Code.SWITCH_NOT_SET, self.name)
            return Reason(Code.SWITCH_UNREADABLE, self.name, because=(failed.reason,))
        if not state.on:
            return Reason(Code.SWITCH_OFF, self.name)
        return Reason(Code.SWITCH_OFF_IN, self.name, account) if account in state.off_in else None

    def read(self) -> SwitchState:
        """Return its state. Raises CallFailed if it cannot be read."""
        return SwitchState.of(_parameter(self.sessions, self.name))

    def turn(self, *, on: bool, by: str, account: str = "") -> SwitchState:
        """Set it for all accounts or for one, and return its new state. What is off in an account stays so.

        SSM records who did as the parameter's LastModifiedUser; its description says so too.
        """
        try:
            before = self.read()
        except CallFailed as failed:
            if failed.code != "ParameterNotFound":
                raise
            before = SwitchState(on=False)
        now = before.turned(on=on, account=account)
        where = f" in {account}" if account else ""
        with calling("ssm:PutParameter", self.name):
            self.sessions.own("ssm").put_parameter(
                Name=self.name,
                Value=str(now),
                Type="String",
                Overwrite=True,
                AllowedPattern="^(on|off)( without( [0-9]{12})+)?$",
                Description=f"Outrider's corrections. Turned {'on' if on else 'off'}{where} by {by}"[:1024],
            )
        return now


def _parameter(sessions: Sessions, name: str) -> str:
    with calling("ssm:GetParameter", name):
        return str(sessions.own("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
