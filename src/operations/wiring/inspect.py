"""The parts of the inspect function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.log_groups import LogGroups
from aws.parameters import Parameters
from aws.role_list import RoleList
from aws.roles import PolicyDocuments, Roles
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from domain import lazily
from domain.rule import Rule
from operations.account_standards import AccountStandards
from operations.facts import FactReader
from operations.inspection.bulk import Bulk
from operations.inspection.dependencies import DependencyEvaluator
from operations.inspection.families import FamilyEvaluator
from operations.inspection.inspector import Inspector
from operations.inspection.notices import Operations
from operations.inspection.publishing import Publisher
from operations.inspection.recording import Recorder
from operations.inspection.revisions import Revisions
from operations.inspection.services import ServiceEvaluator
from operations.inspection.use import Use
from operations.owners import Owners
from operations.planning import Planner
from operations.standards import Standards
from operations.wiring import shared
from rules import BY_ID, CATALOGUE
from settings import RELEASE, Settings, settings

lazily.load("domain.permissions", "domain.collector.decoding")

_AT_ONCE = 4
"""Evaluations side by side: enough for most of a batch's waits to overlap, with a small share of ECS's rate limits."""


@lru_cache(maxsize=1)
def inspector() -> Inspector:
    """Return the part as the environment configures it."""
    return replace(make_inspector(settings(), shared.sessions()), at_once=_AT_ONCE)


def make_inspector(
    given: Settings, aws: Sessions, rules: Sequence[Rule] = CATALOGUE, now: Callable[[], datetime] = shared.now
) -> Inspector:
    """Return the use case with all its parts."""
    planner = Planner(rules, given.mode)
    ecs, ledger = Ecs(aws), Ledger(aws, given.table)
    documents, lengths = PolicyDocuments(), dict[str, float]()
    revisions = Revisions(ecs, ledger)
    subjects, remediations = Queue(aws, given.subjects_queue), Queue(aws, given.remediations_queue)

    def reader(expected: Mapping[str, int]) -> FactReader:
        roles = Roles(aws, documents, RoleList(aws, lengths, expected))
        return FactReader(Parameters(aws), roles, LogGroups(aws), ecs)

    operations = Operations(ledger, Topic(aws, given.operations_topic))
    return Inspector(
        sessions=aws,
        ledger=ledger,
        families=FamilyEvaluator(ledger, revisions, planner, Use(ecs, revisions), now),
        services=ServiceEvaluator(ecs, ledger, revisions, planner, now),
        dependencies=DependencyEvaluator(now),
        recorder=Recorder(ledger, planner, given.docs, RELEASE, given.stack, given.registrar),
        publisher=Publisher(
            SecurityHub(aws),
            ledger,
            Topic(aws, given.alerts_topic),
            subjects,
            remediations,
            operations,
        ),
        operations=operations,
        changes=Queue(aws, given.changes_queue),
        subjects=subjects,
        remediations=remediations,
        standards=Standards(
            aws,
            given.standard,
            CATALOGUE,
            ledger.standards,
            keeps=True,
            reports=operations.standard,
            fresh=given.standard_seconds,
            now=now,
        ),
        accounts=AccountStandards(
            ledger.accounts,
            Owners(
                lambda: Parameters(aws),
                ledger.accounts,
                BY_ID,
                operations.owners_refused,
                operations.owners_unread,
                keeps=True,
                fresh=given.standard_seconds,
            ),
            operations.account_unknown,
            given.standard_seconds,
        ),
        bulk=Bulk(ecs, reader, now),
    )
