"""The parts of the remediate function."""

from functools import lru_cache

from aws.callers import Callers
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.log_groups import LogGroups
from aws.parameters import Parameters, Switch
from aws.roles import Roles
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain import lazily
from operations.account_standards import AccountStandards
from operations.facts import FactReader
from operations.inspection.notices import Operations
from operations.owners import Owners
from operations.planning import Planner
from operations.remediation.parts import Parts
from operations.remediation.remediator import Remediator
from operations.remediation.senders import Senders
from operations.standards import Standards
from operations.wiring import shared
from rules import BY_ID, CATALOGUE
from settings import RELEASE, Settings, settings

lazily.load("domain.permissions", "domain.collector.decoding")


@lru_cache(maxsize=1)
def remediator() -> Remediator:
    """Return the part as the environment configures it."""
    return make_remediator(settings(), shared.sessions())


def make_remediator(given: Settings, aws: Sessions) -> Remediator:
    """Return the use case with all its parts."""
    ledger = Ledger(aws, given.table)
    return Remediator(
        Parts(
            ecs=Ecs(aws),
            hub=SecurityHub(aws),
            ledger=ledger,
            alerts=Topic(aws, given.alerts_topic),
            changes=Queue(aws, given.changes_queue),
            standards=Standards(aws, given.standard, CATALOGUE, ledger.standards, fresh=given.standard_seconds),
            accounts=AccountStandards(
                ledger.accounts,
                Owners(lambda: Parameters(aws), ledger.accounts, BY_ID, fresh=given.standard_seconds),
                fresh=given.standard_seconds,
            ),
            reader=lambda: FactReader(Parameters(aws), Roles(aws), LogGroups(aws), Ecs(aws)),
            planner=Planner(CATALOGUE, given.mode),
            switch=Switch(aws, given.switch),
            image_repositories=given.image_repositories,
            release=RELEASE,
            registrar=given.registrar,
            sessions=aws,
            operations=Operations(ledger, Topic(aws, given.operations_topic)),
            stack=given.stack,
        ),
        Senders(Callers(aws, given.account), inspect=given.inspect_id, approve=given.approve_id),
    )
