"""The forms of a report that other programs read, one module each; the table and JSON are next to this package."""
