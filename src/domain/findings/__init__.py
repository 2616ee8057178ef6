"""Findings, the people and services that they concern, and the alerts made of them."""
