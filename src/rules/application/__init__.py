"""The rules of the topic `application`, in the catalogue's order."""

from domain.rule import Rule
from rules.application import no_remote_collector, otlp_endpoint, otlp_protocol, resource_attributes, xray

RULES: tuple[Rule, ...] = (
    otlp_endpoint.RULE,
    otlp_protocol.RULE,
    resource_attributes.RULE,
    no_remote_collector.RULE,
    xray.RULE,
)
