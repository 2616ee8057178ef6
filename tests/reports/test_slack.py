"""Messages that Slack takes, and in which text from outside stays text."""

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.drift import Drift, Grant
from domain.findings.alert import Alert, AlertLine, AlertSection, AlertStatement
from local.slack import fault_of
from reports.amazon_q import notification
from reports.message import reply_of
from reports.slack import body, reply_body
from tests.reports import samples, threads

SIGNS = {"CRITICAL": "🔴", "HIGH": "🟠", "MEDIUM": "🟡", "LOW": "🔵", "INFORMATIONAL": "⚪"}


def message(*alerts: Alert) -> dict[str, Any]:
    return body(samples.shown(*alerts))


def texts(found: Any) -> list[str]:
    """Every text that Slack reads as mrkdwn."""
    if isinstance(found, dict):
        inner = [text for value in found.values() for text in texts(value)]
        return ([found["text"]] if found.get("type") == "mrkdwn" else []) + inner
    return [text for item in found for text in texts(item)] if isinstance(found, list) else []


@pytest.mark.parametrize("alert", [*samples.messages().values(), samples.hostile()], ids=lambda alert: alert.transition)
def test_slack_takes_it(alert: Alert) -> None:
    assert fault_of(message(alert)) is None
    if alert.kind != "digest":
        assert fault_of(reply_body(reply_of([alert]))) is None


def test_however_many_changed_and_drifted_the_blocks_have_room_in_a_message() -> None:
    """Slack counts the text of all blocks, and refuses about 13,000 characters."""
    statement = AlertStatement(to="web-task", statement=json.dumps({"Resource": ["arn:aws:s3:::bucket"] * 100}))
    some = [
        samples.opened().model_copy(
            update={
                "id": f"{n}",
                "finding": f"{n}",
                "actor": f"deployer/{n}-{'x' * 60}",
                "statements": (statement.model_copy(update={"to": f"web-{n}"}),),
                "open": ("sidecar.image-pinned",),
            }
        )
        for n in range(40)
    ]
    made = message(*some)
    assert fault_of(made) is None
    assert "The findings' details have the rest." in texts(made)[-3]


def test_a_digest_with_many_long_lists_shows_a_part_of_each() -> None:
    line = AlertLine(text=f"family {'x' * 90}", link=f"https://example.com/{'x' * 300}")
    sections = tuple(AlertSection(title=f"List {n}", lines=(line,) * 10) for n in range(8))
    made = message(samples.messages()["daily"].model_copy(update={"sections": sections}))
    assert fault_of(made) is None
    assert [f"List {n}" for n in range(8)] == re.findall(r"List \d", "\n".join(texts(made)))


def test_slack_takes_what_many_hostile_corrections_say() -> None:
    some = [samples.hostile().model_copy(update={"kind": "outcome", "name": f"{n}", "id": f"{n}"}) for n in range(30)]
    assert fault_of(message(*some)) is None
    assert fault_of(reply_body(reply_of(some))) is None
    assert all(mentions(text) == [] for text in texts(reply_body(reply_of(some))))


@pytest.mark.parametrize("made", threads.messages().values(), ids=threads.messages())
def test_slack_takes_a_message_about_many_alerts(made: dict[str, Any]) -> None:
    assert fault_of(made) is None


@pytest.mark.parametrize("name", ["opened", "opened-service", "opened-parameter", "raised", "reopened", "closed"])
def test_an_ordinary_finding_is_read_in_less_than_a_minute(name: str) -> None:
    said = re.sub(r"<!date[^>]*\|([^>]*)>", r"\1", "\n".join(texts(message(samples.messages()[name]))))
    assert len(said) < 950


def test_one_message_has_one_diff_one_next_step_and_a_line_for_each_finding() -> None:
    said = "\n".join(texts(message(*threads.opened())))
    assert (said.count("*Next:*"), said.count("*Proposed fix:*"), said.count("```outrider")) == (1, 1, 0), (
        "it needs none"
    )
    for alert in threads.opened():
        assert sum(line.startswith(SIGNS[alert.severity]) and alert.rule in line for line in said.split("\n")) == 1


def test_a_message_about_many_findings_says_how_many_it_leaves_out() -> None:
    many = [
        samples.opened().model_copy(update={"id": f"a{n}", "finding": f"f{n}", "open": ("sidecar.image-pinned",)})
        for n in range(40)
    ]
    made = message(*many)
    assert fault_of(made) is None
    assert "… and 28 more" in "\n".join(texts(made))


@pytest.mark.parametrize("alert", samples.messages().values(), ids=samples.messages().keys())
def test_the_header_begins_with_the_sign_and_names_the_subject(alert: Alert) -> None:
    header = message(alert)["blocks"][0]["text"]["text"]
    done = alert.transition in {"closed", "registered", "deployed"} and not alert.updating
    assert header[0] == ("✅" if done else SIGNS[alert.severity])
    assert header.endswith(alert.name.rpartition(":role/shop/")[2])


@pytest.mark.parametrize("alert", samples.messages().values(), ids=samples.messages().keys())
def test_what_is_open_or_failed_says_what_to_do_next(alert: Alert) -> None:
    said = "\n".join(texts(message(alert)))
    assert ("*Next:*" in said) is (alert.transition != "closed")


def test_the_message_of_a_closed_finding_is_short_and_without_old_drift() -> None:
    made = message(samples.closed())
    assert [block["type"] for block in made["blocks"]] == ["header", "section", "section"]
    assert len("".join(texts(made))) < 300
    assert "latest" not in json.dumps(made)


def test_a_statement_to_add_can_be_copied_whole() -> None:
    [block] = [text for text in texts(message(samples.messages()["opened-statement"])) if "```" in text]
    assert json.loads(html.unescape(block.split("```")[1])) == json.loads(samples.STATEMENT)


def test_a_statement_that_has_no_room_indented_is_shown_as_it_came_and_one_too_long_says_where_it_is_whole() -> None:
    for count, whole in ((44, True), (60, False)):
        resources = [f"arn:aws:logs:eu-west-1:123456789012:log-group:/g/{n}:*" for n in range(count)]
        statement = {"Effect": "Allow", "Action": "a:B", "Resource": sorted(resources)}
        text = json.dumps(statement, separators=(",", ":"))
        grants = tuple(Grant("web-task", "a:B", resource) for resource in resources)
        drift = Drift("not-allowed", "taskRoleArn/x", "It lacks permissions.", grants=grants)
        made = message(samples.finding_alert("identity.task-role", "web", samples.WEB, drift))
        assert fault_of(made) is None
        [block] = [one for one in texts(made) if "```" in one]
        assert (block.split("```")[1] == text) is whole
        assert ("details have the whole statement" in block) is not whole


def test_who_did_it_is_the_person_behind_single_sign_on() -> None:
    said = "\n".join(texts(message(samples.messages()["opened-review"])))
    assert "by ann@example.com (Developer) with the console" in said
    assert "AWSReservedSSO" not in said


def test_what_has_no_room_is_counted() -> None:
    many = tuple(Drift("code", f"containers/c{n}/image", "It floats.") for n in range(40))
    said = "\n".join(texts(message(samples.opened(samples.finding(drifts=many)))))
    assert "… and 35 more" in said
    changes = [{"where": f"containers/c{n}/image", "before": "a", "after": "b"} for n in range(20)]
    content = samples.opened().model_dump() | {"changes": changes, "omitted_changes": 7}
    said = "\n".join(texts(message(Alert.model_validate(content))))
    assert "… and 19 more```" in said


def test_an_arn_can_be_copied_as_it_is() -> None:
    arn = "arn:aws:iam::123456789012:role/web_task"
    made = message(
        samples.finding_alert("task.roles", "web", samples.WEB, Drift("code", "executionRoleArn", f"It is {arn}."))
    )
    assert any(arn in text for text in texts(made))


def test_every_link_leads_to_a_page_of_its_own() -> None:
    links = {name: dict(alert.links) for name, alert in samples.messages().items()}
    place = "https://eu-west-1.console.aws.amazon.com"
    assert links["opened"] == {
        "rule": f"{samples.DOCS}/docs/rules/sidecar.image-pinned.html",
        "resource": f"{place}/ecs/v2/task-definitions/web/7?region=eu-west-1",
        "finding": f"{place}/securityhub/home?region=eu-west-1#/findings?search=Id%3D%255Coperator%255C%253AEQUALS%255C"
        "%253Aoutrider%252F123456789012%252Feu-west-1%252Ffamily%252Fweb%252Fsidecar.image-pinned",
    }
    assert links["opened-service"]["resource"] == f"{place}/ecs/v2/clusters/shop/services/web?region=eu-west-1"
    assert links["opened-parameter"]["resource"] == (
        f"{place}/systems-manager/parameters/fargate/otel-collector-config/description?region=eu-west-1"
    )
    assert links["opened-role"]["resource"] == "https://console.aws.amazon.com/iam/home#/roles/details/web-task"


def mentions(text: str) -> list[str]:
    """What Slack reads between angle brackets, except the date and Outrider's own links."""
    ours = re.compile(r"!date\^|https://(console\.example|docs\.example|([a-z0-9-]+\.)?console\.aws\.amazon\.com)/")
    return [found for found in re.findall(r"<([^>]*)>", text) if not ours.match(found)]


def test_names_from_outside_mention_nobody_link_nowhere_and_format_nothing() -> None:
    made = message(samples.hostile())
    for text in [*texts(made), made["text"]]:
        assert mentions(text) == []
        assert not re.search("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", text)
    outside = [re.sub(r"`[^`\n]*`", "", text) for text in texts(made) if "```" not in text]  # our own code spans
    assert len(outside) > 3
    assert not any(sign in text for text in outside for sign in ("`", "*bold*", "~no~", "_it_", "@here", ":fire:"))
    assert "<" not in made["blocks"][0]["text"]["text"]


def test_bare_text_is_not_made_a_link_or_a_mention() -> None:
    assert all(each.get("verbatim") for each in _mrkdwn(message(samples.hostile())))


def _mrkdwn(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict):
        inner = [each for value in found.values() for each in _mrkdwn(value)]
        return ([found] if found.get("type") == "mrkdwn" else []) + inner
    return [each for item in found for each in _mrkdwn(item)] if isinstance(found, list) else []


def test_a_diff_that_is_cut_still_ends_its_fence_and_cannot_end_it_early() -> None:
    [diff] = [text for text in texts(message(samples.hostile())) if "```" in text]
    assert diff.count("```") == 2
    assert diff.endswith("```")


def test_only_addresses_by_https_become_buttons() -> None:
    [actions] = [block for block in message(samples.hostile())["blocks"] if block["type"] == "actions"]
    assert [button["url"] for button in actions["elements"]] == ["https://console.example/x"]


def test_a_message_says_what_where_who_and_what_would_change() -> None:
    made = message(samples.opened())
    said = "\n".join(texts(made))
    for word in ("MEDIUM", "family", "web", "123456789012", "eu-west-1", "deployer/ci-4711", "Terraform", "latest"):
        assert word in said
    assert "- image: public.ecr.aws/aws-observability/aws-otel-collector:latest" in said
    assert "+ image: public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0" in said
    assert made["text"].startswith("Drift: ")
    assert samples.CANARY not in json.dumps(made)


anything = st.text(max_size=200) | st.sampled_from([samples.HOSTILE, "&" * 5000, "<" * 3000, "`" * 400, ""])


@given(st.fixed_dictionaries(dict.fromkeys(("name", "title", "actor", "tool", "rule", "digest"), anything)), anything)
def test_whatever_an_alert_holds_slack_takes_its_message(members: dict[str, str], other: str) -> None:
    content = samples.opened().model_dump() | members | {"reasons": [other] * 3, "changes": [{"where": other}] * 9}
    content["drifts"] = [{"code": "code", "where": other, "why": other}] * 3
    content |= {"statements": [{"to": other, "statement": other}] * 6, "next_step": other, "rules": [other] * 9}
    made = message(Alert.model_validate(content))
    assert fault_of(made) is None
    assert all(mentions(text) == [] for text in texts(made))
    assert all(text.count("```") in {0, 2} for text in texts(made))
    json.dumps(made, ensure_ascii=False).encode()


def test_amazon_q_escapes_once_and_leaves_an_arn_as_it_is() -> None:
    arn = "arn:aws:iam::123456789012:role/_shop_/a*b_"
    published = samples.opened().model_copy(update={"name": "R&D <team>", "resource": arn})
    made = notification(samples.shown(published))
    assert made["metadata"]["summary"].startswith(
        "Drift: R&amp;D &lt;team&gt; (MEDIUM) does not comply with the rule: "
    )
    assert made["metadata"]["relatedResources"] == [arn]
    long = notification(samples.shown(published.model_copy(update={"title": "<" * 600})))
    assert len(long["metadata"]["summary"]) <= 500
    assert not re.search(r"&amp;(amp|lt|gt);", json.dumps([made, long]))


def test_a_command_can_be_copied_whole() -> None:
    published = samples.messages()["reopened"]
    [block] = [text for text in texts(message(published)) if text.startswith("```outrider")]
    assert html.unescape(block.strip("`")) == published.command
