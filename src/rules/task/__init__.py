"""The rules of the topic `task`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
