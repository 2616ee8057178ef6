"""What a standard means: what can have no effect, and what contradicts itself, is an error or a warning."""

from datetime import date
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.ownership import owner_forms, owner_of
from domain.ecs.task_definition import TaskDefinition
from domain.standard import StandardInvalid
from domain.standard.checking import checked
from domain.standard.names import ACCOUNTS, FAMILIES, PARAMETERS, REGIONS, TITLES, Names, owners
from domain.standard.problems import Found, Level, Problem
from domain.triggers.actor import Actor
from rules import CATALOGUE

TODAY = date(2026, 11, 29)
ADOT = "public.ecr.aws/aws-observability/aws-otel-collector"


def found(text: str, today: date = TODAY) -> tuple[Found, ...]:
    """Everything that is found, whether or not the standard is refused."""
    try:
        return checked(f"version: 1\n{text}", "s.yaml", CATALOGUE, today).warnings
    except StandardInvalid as invalid:
        return invalid.problems


def sentences(text: str) -> list[str]:
    return [each.described("s.yaml") for each in found(text)]


ERRORS = [
    (
        "services: {gateways: [scraper]}",
        (
            "services.gateways[0] scraper can match no service: a service is written `cluster/service`; write */scraper"
            " for that of any cluster."
        ),
    ),
    (
        "remediation:\n  canary: [prod/web, 'arn:aws:ecs:eu-west-1:123456789012:service/prod/web']",
        (
            "remediation.canary[1] arn:aws:ecs:eu-west-1:123456789012:service/prod/web can match no service: a service"
            " is written `cluster/service`."
        ),
    ),
    (
        "remediation: {leave_to: [terraform*]}",
        "remediation.leave_to[0] terraform* matches no tool; perhaps Terraform* is meant.",
    ),
    (
        "remediation: {leave_to: [Jenkins]}",
        (
            "remediation.leave_to[0] Jenkins matches no tool; the tools are CDK, CloudFormation, CodeDeploy,"
            " CodePipeline, Copilot, OpenTofu, Pulumi, Terraform, ecspresso."
        ),
    ),
    (
        f"collector: {{image: '{ADOT}:v0.47.0', minimum_release: v0.48.0}}",
        "collector.image is older than minimum_release, v0.48.0, so no task can be compliant.",
    ),
    (
        "collector: {minimum_release: v0.50.0}",
        "collector.minimum_release is later than the image, v0.49.0, so no task can be compliant.",
    ),
    (
        f"rules: [{{rules: task.*, set: {{collector: {{image: '{ADOT}:v0.46.0'}}}}}}]",
        "rules[0].set.collector.image is older than minimum_release, v0.47.0, so no task can be compliant.",
    ),
    (
        "collector: {parameter: /teams/config, parameters_allowed: [/fargate/*]}",
        "collector.parameter /teams/config is not among parameters_allowed.",
    ),
    (
        "rules: [{rules: task.*, set: {collector: {parameters_allowed: [/teams/*]}}}]",
        "rules[0].set.collector.parameters_allowed does not match the parameter, /fargate/otel-collector-config.",
    ),
    (
        "collector: {parameters_allowed: [/fargate/*, 'arn:aws:ssm:*:*:parameter/x']}",
        (
            "collector.parameters_allowed[1] arn:aws:ssm:*:*:parameter/x can match no parameter: write names such as"
            " /fargate/config, not ARNs."
        ),
    ),
    (
        "rules: [{rules: sidecar.presnt, mode: off}]",
        "rules[0].rules[0] sidecar.presnt matches no rule; perhaps sidecar.present is meant.",
    ),
    ("rules: [{rules: [], mode: off}]", "rules[0].rules names no rule."),
    (
        "rules: [{rules: [sidecar.*, task.size], where: {cluster: payment}, mode: report}]",
        (
            "rules[0].where.cluster selects nothing: none of these rules is about services, and a task definition has"
            " no cluster; `mode: register` keeps services from being updated there."
        ),
    ),
    (
        "exemptions: [{rules: task.size, where: {service: web}, reason: being replaced}]",
        (
            "exemptions[0].where.service selects nothing: none of these rules is about services, and a task definition"
            " has no service."
        ),
    ),
    (
        "rules: [{rules: '*', where: {resource: /fargate/*}, severity: LOW}]",
        "rules[0].where.resource selects nothing here: only an exemption can be for a parameter or role.",
    ),
    (
        "scope: {include: [{resource: /fargate/*}]}",
        "scope.include[0].resource selects nothing here: only an exemption can be for a parameter or role.",
    ),
    (
        "exemptions: [{rules: sidecar.*, where: {resource: /fargate/*}, reason: being replaced}]",
        "exemptions[0].where.resource[0] /fargate/* selects nothing: each of these rules is about a family.",
    ),
    (
        "exemptions: [{rules: '*', where: {service: prod/web}, reason: being replaced}]",
        (
            "exemptions[0].where.service[0] prod/web can match no service: write the name of the service without its"
            " cluster."
        ),
    ),
    (
        "scope: {include: [{family: 'web:3'}]}",
        "scope.include[0].family[0] web:3 can match no family: write the name of the family without revision or ARN.",
    ),
    (
        "configuration: {regions: [EU-WEST-1]}",
        "configuration.regions[0] EU-WEST-1 can match no region: regions are like eu-west-1, in lower case.",
    ),
    (
        "collectors: [{where: {account: '12345678901234*'}, kind: none}]",
        "collectors[0].where.account[0] 12345678901234* can match no account: account numbers have 12 digits.",
    ),
]
WARNINGS = [
    (
        "remediation: {leave_to: [CloudFormation]}",
        (
            "remediation.leave_to[0] CloudFormation matches the bare name alone; write CloudFormation* to match"
            " `CloudFormation (stack …)` too."
        ),
    ),
    (
        "scope: {include: [{cluster: prod}]}",
        (
            "scope.include[0].cluster selects services alone, because a task definition has no cluster: what they run"
            " is not evaluated."
        ),
    ),
    (
        "scope: {exclude: [{cluster: sandbox}]}",
        (
            "scope.exclude[0].cluster selects services alone, because a task definition has no cluster: what they run"
            " is still evaluated."
        ),
    ),
    ("scope: {exclude: [{family: '*'}]}", "scope.exclude[0] excludes everything, so nothing is evaluated."),
    (
        "rules: [{rules: task.*, where: {family: web}}]",
        "rules[0] sets nothing: add mode, approval, severity or set.",
    ),
    (
        "rules: [{rules: task.*, set: {collector: {}}}]",
        "rules[0] sets nothing: add mode, approval, severity or set.",
    ),
    (
        "rules: [{rules: config.*, mode: deploy}]",
        "rules[0].mode has no effect: none of these rules has a fix.",
    ),
    (
        "exemptions: [{rules: '*', where: {family: web}, reason: being replaced, expires: 2026-11-28}]",
        "exemptions[0].expires is over since 2026-11-28: the exemption has no effect.",
    ),
    (
        f"collector: {{image: '{ADOT}:v0.47.0'}}",
        "collector.image has v0.47.0, which is out of support since 2026-07-13; the newest is v0.49.0.",
    ),
    (
        "remediation: {stages: [{where: {account: '*'}}, {where: {account: '123456789012'}}]}",
        "remediation.stages[1] has no account: remediation.stages[0] comes first, and selects all of them.",
    ),
    (
        (
            "remediation: {stages: [{where: {unit: [ou-ab12-11111111, ou-ab12-22222222], tags: {env: p*}}},"
            " {where: {unit: ou-ab12-11111111, account: '1*', tags: {env: prod*, team: a}}}]}"
        ),
        "remediation.stages[1] has no account: remediation.stages[0] comes first, and selects all of them.",
    ),
    (
        "notification: {routes: [{severity: CRITICAL, channel: C0ONCALL001}, {channel: C0GENERAL01}]}",
        (
            "notification.routes[0] is never used: notification.routes[1] selects all of it too, and a later entry"
            " wins; move this one below."
        ),
    ),
    (
        (
            "notification: {routes: [{channel: C0000001, where: {family: [web, web-*], cluster: prod}},"
            " {channel: C0000002, where: {family: w*, account: '*'}}]}"
        ),
        (
            "notification.routes[0] is never used: notification.routes[1] selects all of it too, and a later entry"
            " wins; move this one below."
        ),
    ),
    (
        "collectors: [{where: {family: web}, memory: 1024}, {where: {family: '*'}, memory: 512}]",
        (
            "collectors[0] is never used: collectors[1] selects all of it too, and a later entry wins; move this one"
            " below."
        ),
    ),
    (
        (
            "layers: [{where: {account: '123456789012'},"
            " exemptions: [{rules: '*', where: {account: '210987654321'}, reason: being replaced}]}]"
        ),
        "layers[0].exemptions[0].where.account selects nothing: the layer is for account 123456789012.",
    ),
    (
        "layers: [{where: {account: '1*'}, rules: [{rules: '*', where: {account: '210987654321'}, severity: LOW}]}]",
        "layers[0].rules[0].where.account selects nothing: the layer is for account 1*.",
    ),
    (
        (
            "collectors: [{where: {family: web}, memory: 1024}]\n"
            "layers: [{where: {account: '123456789012'}, set: {collector: {memory: 777, cpu: 128}}}]"
        ),
        (
            "layers[0].set.collector.memory does not reach what collectors[0] selects, which sets its own; `set` of an"
            " entry of the layer's `rules` does."
        ),
    ),
    (
        "locked: {rules: sidecar.*}\nowner_exemptions: {rules: [logging.*, sidecar.p*]}",
        "owner_exemptions.rules[1] sidecar.p* allows no exemption: `locked` has all of these rules.",
    ),
    (
        "collectors: [{where: {tags: {'': x}}, memory: 600}]",
        "collectors[0].where.tags matches nothing: no tag has an empty key.",
    ),
    (
        "remediation: {stages: [{where: {tags: {'': x}}}]}",
        "remediation.stages[0].where.tags matches nothing: no tag has an empty key.",
    ),
    (
        "layers: [{where: {tags: {'': x}}, mode: report}]",
        "layers[0].where.tags matches nothing: no tag has an empty key.",
    ),
]


@pytest.mark.parametrize(
    ("text", "sentence", "level"),
    [*((*row, Level.ERROR) for row in ERRORS), *((*row, Level.WARNING) for row in WARNINGS)],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_it_is_found_alone_with_its_field_and_what_to_do(text: str, sentence: str, level: Level) -> None:
    [problem] = found(text)
    assert (problem.sentence, problem.level) == (sentence, level)
    assert problem.at.line >= 2 or problem.at.below


@pytest.mark.parametrize(
    "text",
    [
        "services: {gateways: ['*/scraper', '*', 'prod/*', '[ab]/c?']}",
        "remediation: {leave_to: [CloudFormation*, CDK*, '*', Copilot*, CodeDeploy, 'Terraform (as its tag*']}",
        (
            "collector: {parameter: 'arn:aws:ssm:eu-west-1:123456789012:parameter/fargate/x',"
            " parameters_allowed: [/fargate/*]}"
        ),
        f"collector: {{image: '{ADOT}@sha256:{'0' * 64}', minimum_release: v0.49.0}}",
        "collectors: [{where: {family: x}, kind: none}]",
        "rules: [{rules: '*', where: {cluster: payment}, mode: report}]",
        "mode: deploy\nrules: [{rules: sidecar.*, where: {cluster: payment}, mode: register}]",
        "exemptions: [{rules: config.*, where: {resource: /fargate/*}, reason: being replaced, expires: 2026-11-29}]",
        "exemptions: [{rules: identity.*, where: {resource: '*:role/legacy-*'}, reason: being replaced}]",
        "exemptions: [{rules: sidecar.*, where: {resource: web}, reason: being replaced}]",
        "scope: {exclude: [{family: '*', account: '222222222222'}]}",
        "scope: {exclude: [{tags: {outrider: '*'}}]}",
        "exemptions: [{rules: service.*, where: {cluster: '*', service: '*'}, reason: being replaced}]",
        "rules: [{rules: '*', mode: deploy}, {rules: service.*, approval: true}]",
        "remediation: {stages: [{where: {account: '123456789012'}}, {where: {account: '*'}}]}",
        "remediation: {stages: [{where: {account: '1*', unit: ou-ab12-11111111}}, {where: {account: '1*'}}]}",
        "remediation: {stages: [{where: {account: '?1*'}}, {where: {account: '[12]1*'}}]}",
        "notification: {routes: [{channel: C0000001}, {severity: CRITICAL, channel: C0000002}]}",
        "notification: {routes: [{channel: C0000001}, {channel: C0000002, where: {cluster: '*'}}]}",
        "notification: {routes: [{channel: C0000001, where: {tags: {a: '*'}}}, {name: x, where: {tags: {a: b}}}]}",
        "collectors: [{where: {family: '*'}, memory: 1024}, {where: {family: web}, kind: none}]",
        (
            "layers: [{where: {account: '12*'}, exemptions: [{rules: '*', where: {account: '*12'}, reason: being"
            " replaced}]}, {where: {unit: ou-ab12-11111111}, rules: [{rules: '*', where: {account: '210987654321'},"
            " severity: LOW}]}]"
        ),
        (
            "collectors: [{where: {account: '210987654321'}, memory: 1024}, {where: {family: x}, kind: none}]\n"
            "layers: [{where: {account: '123456789012'}, set: {collector: {memory: 777}}}]"
        ),
        "locked: {rules: sidecar.present}\nowner_exemptions: {rules: sidecar.*}",
    ],
)
def test_what_has_an_effect_is_not_reported(text: str) -> None:
    assert sentences(text) == []


def test_support_is_checked_where_an_entry_shortens_it() -> None:
    base = f"collector: {{image: '{ADOT}:v0.48.0', support_days: null}}\n"
    assert found(base) == ()
    [problem] = found(f"{base}rules: [{{rules: sidecar.image-approved, set: {{collector: {{support_days: 1}}}}}}]")
    assert problem.code is Problem.IMAGE_UNSUPPORTED


def test_problems_come_in_the_order_of_the_document_and_warnings_with_errors() -> None:
    problems = found("rules: [{rules: task.*}]\nservices: {gateways: [a]}\nremediation: {leave_to: [CDK]}")
    assert [(each.code, each.at.line) for each in problems] == [
        (Problem.NOTHING_SET, 2),
        (Problem.MATCHES_NOTHING, 3),
        (Problem.ONLY_BARE_NAME, 4),
    ]


def test_no_standard_is_refused_for_its_age() -> None:
    """It would stop corrections on a day on which nobody changed anything."""
    text = f"collector: {{image: '{ADOT}:v0.47.0'}}\n" + WARNINGS[-2][0]
    assert {each.level for each in found(text, date(2036, 1, 1))} == {Level.WARNING}


@given(st.text("ab/-.*?[]!", max_size=8), st.from_regex(r"[ab-]{1,3}/[ab-]{1,3}", fullmatch=True))
def test_a_pattern_that_matches_a_name_is_never_said_to_match_none(pattern: str, name: str) -> None:
    if fnmatchcase(name, pattern):
        assert TITLES.may_match(pattern)


@pytest.mark.parametrize(
    ("names", "pattern", "matches"),
    [
        (TITLES, "*[/]web", True),
        (TITLES, "[!a]/b", True),
        (TITLES, "/web", False),
        (TITLES, "a/", False),
        (TITLES, "[", False),
        (FAMILIES, "web-[0-9]", True),
        (FAMILIES, "web.*", False),
        (ACCOUNTS, "1234*", True),
        (ACCOUNTS, "????????????", True),
        (ACCOUNTS, "???", False),
        (REGIONS, "us-gov-*", True),
        (REGIONS, "eu-west", False),
        (PARAMETERS, "*", True),
        (PARAMETERS, "/a b", False),
    ],
)
def test_whether_a_pattern_can_match_a_name(names: Names, pattern: str, *, matches: bool) -> None:
    assert names.may_match(pattern) is matches


def test_the_forms_of_owners_are_those_that_are_given() -> None:
    """Else a pattern that matches an owner would be refused."""
    tags = [{"aws:cloudformation:stack-name": "shop"}, {"copilot-application": "shop"}, {"managed-by": "sam"}, {}]
    tags += [{"ManagedBy": tool} for tool in ("terraform", "pulumi", "aws-cdk", "opentofu", "ecspresso")]
    agents = ["terraform/1.9", "aws-cdk/2", "cloudformation.amazonaws.com", "codedeploy", "codepipeline", "boto3", ""]
    forms = [owners(form) for of in owner_forms().values() for form in of]
    for given_tags in tags:
        task = TaskDefinition({"tags": [{"key": key, "value": value} for key, value in given_tags.items()]})
        for agent in agents:
            owner = owner_of(task, Actor("", agent))
            assert not owner or any(each.may_match(owner) for each in forms)
