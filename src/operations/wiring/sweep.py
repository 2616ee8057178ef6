"""The parts of the sweep function."""

from functools import lru_cache

from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.objects import Bucket
from aws.organizations import Organizations
from aws.security_hub import SecurityHub
from operations.health import Doctor, SelfCheck
from operations.inspection.notices import Operations
from operations.remediation.resuming import Resumer
from operations.standards import Standards
from operations.sweep.beginning import Beginner, Watched
from operations.sweep.certifying import Certifier
from operations.sweep.digests import Digests
from operations.sweep.places import PlaceSweeper
from operations.sweep.reporting import Reporter
from operations.wiring import shared
from rules import CATALOGUE
from settings import RELEASE, settings


@lru_cache(maxsize=1)
def standards() -> Standards:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    return Standards(
        aws,
        given.standard,
        CATALOGUE,
        _ledger().standards,
        reports=_operations().standard,
        fresh=given.standard_seconds,
    )


def _operations() -> Operations:
    return Operations(_ledger(), Topic(shared.sessions(), settings().operations_topic))


def _ledger() -> Ledger:
    return Ledger(shared.sessions(), settings().table)


@lru_cache(maxsize=1)
def beginner() -> Beginner:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    watched = Watched(given.place, given.accounts, given.regions, given.members.accounts)
    return Beginner(
        _ledger(), Bucket(aws, given.bucket), Organizations(aws), standards(), watched, _operations(), RELEASE
    )


@lru_cache(maxsize=1)
def place_sweeper() -> PlaceSweeper:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    bucket = Bucket(aws, given.bucket)
    return PlaceSweeper(Ecs(aws), _ledger(), Queue(aws, given.changes_queue), SecurityHub(aws), bucket)


@lru_cache(maxsize=1)
def digests() -> Digests:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    bucket, alerts = Bucket(aws, given.bucket), Topic(aws, given.alerts_topic)
    return Digests(_ledger(), bucket, alerts, SecurityHub(aws), standards(), given.stack)


@lru_cache(maxsize=1)
def certifier() -> Certifier:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    return Certifier(
        _ledger(),
        Bucket(aws, given.bucket),
        Queue(aws, given.changes_queue),
        Queue(aws, given.subjects_queue),
        Topic(aws, given.operations_topic),
        standards(),
        digests(),
        Reporter(_ledger(), Bucket(aws, given.bucket), CATALOGUE, given.docs),
    )


@lru_cache(maxsize=1)
def resumer() -> Resumer:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    return Resumer(Ledger(aws, given.table), Queue(aws, given.remediations_queue))


@lru_cache(maxsize=1)
def self_check() -> SelfCheck:
    """As the environment sets it up. The sweep may read no secret, so it tries no token."""
    given, aws = settings(), shared.sessions()
    doctor = Doctor(aws, given.place, CATALOGUE)
    return SelfCheck(doctor, Ledger(aws, given.table), SecurityHub(aws), Topic(aws, given.operations_topic))
