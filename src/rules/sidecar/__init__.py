"""The rules of the topic `sidecar`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
