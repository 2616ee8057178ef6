"""boto3 clients by service and place: one session for each account, clients made when first needed."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import inf
from threading import RLock
from typing import Any

import boto3
import botocore
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session as BotocoreSession
from botocore.session import get_session

from aws.calls import CallFailed, calling
from aws.errors import Meaning
from aws.pace import Pace
from aws.traffic import Traffic
from domain.members import Members
from domain.places import Place, partition_of

# Made once: botocore would put it together twice for each request, which takes a tenth of a call's CPU time.
_AGENT = f"Boto3/{boto3.__version__} Botocore/{botocore.__version__} outrider"
# Standard retries back off with jitter. A call that still fails is retried with its message, so these waits are short.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=3,
    read_timeout=15,
    user_agent=_AGENT,
    parameter_validation=True,
)
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
_OWN = ""
_PLACES = 64
"""The clients of so many accounts and regions are kept: a client takes 0.15 MiB, and 1,200 places have five each."""
_OF_DEFINITIONS = ("DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies")
"""The calls that share one of ECS's limits."""
_BEFORE = timedelta(minutes=15)  # before they expire, credentials are replaced: no function runs for longer
_REFUSED = timedelta(minutes=1)  # until the role of a member that refused is tried again


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a second: to IAM in each account, and those that read task definitions in each account and region.

    0 is no bound.
    """

    iam: float = 0
    definitions: float = 0


UNBOUNDED = Rates()


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller: the account, and the ARN of the user or of the role's session."""

    account: str
    arn: str


@dataclass(slots=True)
class _Account:
    """The session of one account. Threads share it and its clients, but no two may make one at once."""

    session: boto3.Session | None = None
    expires: datetime | None = None
    refused: tuple[datetime, CallFailed] | None = None
    lock: RLock = field(default_factory=RLock)


type _Clients = dict[tuple[str, bool], Any]
"""The clients of one account and region, by service, and by whether they never retry."""


class Sessions:
    """Clients for Outrider's own account by its own role, for any other by its role as a member.

    Without `members` these credentials are used for every account: those of a person, for the command line. `region` is
    where the stack is; by default that of the environment. `profile` names the credentials of a person's AWS
    configuration. `rates` bound calls that have a small limit.
    """

    def __init__(
        self,
        members: Members | None = None,
        region: str | None = None,
        *,
        profile: str | None = None,
        rates: Rates = UNBOUNDED,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.traffic = Traffic()
        self._members, self._region, self._profile = members, region, profile
        self._rates, self._now = rates, now
        self._loader: Loader | None = None
        self._paces: dict[str, Pace] = {}
        self._seconds_left: Callable[[], float] = lambda: inf
        self._accounts: dict[str, _Account] = {}
        self._clients: OrderedDict[tuple[str, str], _Clients] = OrderedDict()  # the last used place is the last
        self._lock = RLock()

    @cached_property
    def _own(self) -> boto3.Session:
        session = boto3.Session(region_name=self._region, profile_name=self._profile, botocore_session=self._core())
        return self._watched(session, _OWN)

    def _core(self) -> BotocoreSession:
        """Return a session of botocore. All of them share what they load of AWS's models, which takes 28 MiB."""
        core = get_session()
        with self._lock:
            if self._loader is None:
                self._loader = core.get_component("data_loader")
            core.register_component("data_loader", self._loader)
        return core

    def _watched(self, session: boto3.Session, account: str) -> boto3.Session:
        if self._rates.iam:
            pace = self._paces.setdefault(account, self._pace(self._rates.iam))
            session.events.register("before-call.iam", pace.wait)
        return self.traffic.watch(session)

    def _pace(self, per_second: float) -> Pace:
        return Pace(per_second, seconds_left=lambda: self._seconds_left())  # noqa: PLW0108 - it changes later

    @contextmanager
    def ending(self, seconds_left: Callable[[], float]) -> Iterator[None]:
        """Within the block, a call that would wait longer for its turn raises OutOfTime instead, in every thread."""
        self._seconds_left = seconds_left
        try:
            yield
        finally:
            self._seconds_left = lambda: inf

    @cached_property
    def caller(self) -> Caller:
        """Return the owner of these credentials."""
        with calling("sts:GetCallerIdentity", "this account"):
            found = self._own.client("sts", config=_CONFIG).get_caller_identity()
        return Caller(str(found["Account"]), str(found["Arn"]))

    @property
    def account(self) -> str:
        """Return the account that Outrider itself runs in."""
        return self._members.own if self._members is not None else self.caller.account

    @property
    def region(self) -> str:
        """Return the stack's region; empty if it is not known."""
        with calling("sts:GetCallerIdentity", "this account"):
            return self._own.region_name or ""

    def own(self, service: str) -> Any:
        """Return a client in Outrider's own account and region: for its table, queues and topics."""
        return self._client(_OWN, service, "", once=False)

    def client(self, service: str, place: Place, *, once: bool = False) -> Any:
        """Return a client. With `once` botocore never retries: for calls that a repetition could make twice.

        Raises CallFailed if the account is not watched, or if its role cannot be assumed.
        """
        return self._client(self._key(place.account), service, place.region, once=once)

    def reach(self, place: Place) -> None:
        """Raise CallFailed if no call can be made in an account. One account's refusal delays no other."""
        key = self._key(place.account)
        account = self._of(key)
        with account.lock:
            self._renew(key, account)

    def is_member(self, place: Place) -> bool:
        """Whether an account is another than Outrider's own."""
        return self._key(place.account) != _OWN

    def _key(self, account: str) -> str:
        return _OWN if self._members is None or account == self._members.own else account

    def _of(self, key: str) -> _Account:
        with self._lock:
            return self._accounts.setdefault(key, _Account())

    def _client(self, key: str, service: str, region: str, *, once: bool) -> Any:
        region = "" if service == "iam" else region  # IAM is the same in all regions of a partition
        account = self._of(key)
        with account.lock:
            session, clients = self._renew(key, account), self._clients_of(key, region)
            if (service, once) not in clients:
                config, there = _CONFIG.merge(_ONCE) if once else _CONFIG, region or self._own.region_name
                made = session.client(service, region_name=there, config=config)  # type: ignore[call-overload] # the stubs know a service only by its literal name
                if service == "ecs" and self._rates.definitions:
                    pace = self._paces.setdefault(f"{key}/{region}", self._pace(self._rates.definitions))
                    for operation in _OF_DEFINITIONS:
                        made.meta.events.register(f"before-call.ecs.{operation}", pace.wait)
                clients[service, once] = made
            return clients[service, once]

    def _clients_of(self, key: str, region: str) -> _Clients:
        with self._lock:
            clients = self._clients.setdefault((key, region), {})
            self._clients.move_to_end((key, region))
            if len(self._clients) > _PLACES:
                self._clients.popitem(last=False)  # who has one of them goes on with it
            return clients

    def _renew(self, key: str, account: _Account) -> boto3.Session:
        """Return the account's session; a new one, and no clients of the old, shortly before its credentials expire."""
        if key == _OWN:
            return self._own
        now = self._now()
        if account.session is not None and (account.expires is None or now < account.expires - _BEFORE):
            return account.session
        if account.refused is not None and now < account.refused[0]:
            raise account.refused[1].with_traceback(None)
        with self._lock:
            for place in [each for each in self._clients if each[0] == key]:
                del self._clients[place]
        try:
            account.session, account.expires = self._assumed(key)
        except CallFailed as failed:
            account.session = None
            account.refused = None if failed.transient else (now + _REFUSED, failed)
            raise
        account.refused = None
        return account.session

    def _assumed(self, number: str) -> tuple[boto3.Session, datetime | None]:
        members = self._members or Members(own="")
        arn = f"arn:{partition_of(self._own.region_name or '')}:iam::{number}:role/{members.role}"
        if not members.include(number):
            raise CallFailed("sts:AssumeRole", arn, "NotWatched", Meaning.REFUSE)
        given = {"ExternalId": members.external_id} if members.external_id else {}
        with calling("sts:AssumeRole", arn):
            found = self.own("sts").assume_role(RoleArn=arn, RoleSessionName="outrider", **given)
        keys = found["Credentials"]
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            botocore_session=self._core(),
        )
        return self._watched(session, number), keys.get("Expiration")
