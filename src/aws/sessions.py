"""boto3 clients by service and place: one session for each account, clients made when first needed."""

from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

import boto3
from botocore.config import Config

from aws.calls import calling
from aws.pace import Pace
from aws.traffic import Traffic
from domain.places import Place, partition_of

# Standard retries back off with jitter. A call that still fails is retried with its message, so these waits are short.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=3,
    read_timeout=15,
    user_agent_extra="outrider",
    parameter_validation=True,
)
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: the account, and the ARN of the user or of the role's session."""

    account: str
    arn: str


class Sessions:
    """Clients for Outrider's own account by its own role, for any other by the role `member_role` there.

    `region` is where the stack is; by default that of the environment. `profile` names the credentials of a person's
    AWS configuration. `iam_per_second` bounds the calls to IAM; 0 does not.
    """

    def __init__(
        self,
        member_role: str | None = None,
        region: str | None = None,
        *,
        profile: str | None = None,
        iam_per_second: float = 0,
    ) -> None:
        self.traffic = Traffic()
        self._iam = Pace(iam_per_second) if iam_per_second else None
        self._member_role, self._region, self._profile = member_role, region, profile
        self._clients: dict[tuple[str, Place | None, bool], Any] = {}
        self._sessions: dict[str, boto3.Session] = {}
        self._lock = RLock()  # threads share clients, but no two may make one at once

    @cached_property
    def _own(self) -> boto3.Session:
        return self._watched(boto3.Session(region_name=self._region, profile_name=self._profile))

    def _watched(self, session: boto3.Session) -> boto3.Session:
        if self._iam is not None:
            session.events.register("before-call.iam", self._iam.wait)
        return self.traffic.watch(session)

    @cached_property
    def caller(self) -> Caller:
        """Return the owner of these credentials."""
        with calling("sts:GetCallerIdentity", "this account"):
            found = self._own.client("sts", config=_CONFIG).get_caller_identity()
        return Caller(str(found["Account"]), str(found["Arn"]))

    @property
    def account(self) -> str:
        """Return the account that Outrider itself runs in."""
        return self.caller.account

    @property
    def region(self) -> str:
        """Return the stack's region; empty if it is not known."""
        with calling("sts:GetCallerIdentity", "this account"):
            return self._own.region_name or ""

    def own(self, service: str) -> Any:
        """Return a client in Outrider's own account and region: for its table, queues and topics."""
        key = (service, None, False)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._own.client(service, config=_CONFIG)  # type: ignore[call-overload] # the stubs know a service only by its literal name
            return self._clients[key]

    def client(self, service: str, place: Place, *, once: bool = False) -> Any:
        """Return a client. With `once` botocore never retries: for calls that a repetition could make twice."""
        key = (service, place, once)
        with self._lock:
            if key not in self._clients:
                session, config = self._session(place.account), _CONFIG.merge(_ONCE) if once else _CONFIG
                self._clients[key] = session.client(service, region_name=place.region, config=config)  # type: ignore[call-overload] # as above
            return self._clients[key]

    def _session(self, account: str) -> boto3.Session:
        if self._member_role is None or account == self.account:
            return self._own
        if account not in self._sessions:
            self._sessions[account] = self._assumed(account)
        return self._sessions[account]

    def _assumed(self, account: str) -> boto3.Session:
        partition = partition_of(self._own.region_name or "")
        arn = f"arn:{partition}:iam::{account}:role/{self._member_role}"
        with calling("sts:AssumeRole", arn):
            found = self._own.client("sts", config=_CONFIG).assume_role(RoleArn=arn, RoleSessionName="outrider")
        keys = found["Credentials"]
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        return self._watched(session)
