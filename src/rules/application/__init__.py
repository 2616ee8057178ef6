"""The rules of the topic `application`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
