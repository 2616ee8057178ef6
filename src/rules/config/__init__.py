"""The rules of the topic `config`, in the catalogue's order."""

from domain.rule import Rule

RULES: tuple[Rule, ...] = ()
