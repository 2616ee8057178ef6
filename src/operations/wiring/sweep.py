"""The parts of the sweep function."""

from functools import lru_cache

from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.security_hub import SecurityHub
from operations.health import Doctor, SelfCheck
from operations.inspection.notices import Operations
from operations.remediation.resuming import Resumer
from operations.standards import Standards
from operations.sweep import Sweeper
from operations.wiring import shared
from rules import CATALOGUE
from settings import RELEASE, settings


@lru_cache(maxsize=1)
def sweeper() -> Sweeper:
    """As the environment sets it up."""
    given, aws = settings(), shared.sessions()
    ledger = Ledger(aws, given.table)
    operations = Operations(ledger, Topic(aws, given.operations_topic))
    return Sweeper(
        ecs=Ecs(aws),
        ledger=ledger,
        changes=Queue(aws, given.changes_queue),
        subjects=Queue(aws, given.subjects_queue),
        alerts=Topic(aws, given.alerts_topic),
        hub=SecurityHub(aws),
        standards=Standards(aws, given.standard, CATALOGUE, ledger.standards, reports=operations.standard),
        release=RELEASE,
        stack=given.stack,
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
