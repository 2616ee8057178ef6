"""Which module writes which format."""

from collections.abc import Iterator
from typing import Literal

from cli.formats.content import Content

type OtherFormat = Literal["sarif", "junit", "github", "markdown", "gitlab", "csv", "asff", "ocsf"]


def pieces_of(form: OtherFormat, content: Content) -> Iterator[str]:
    """Yield a report in pieces; each format loads only its own module."""
    match form:
        case "sarif":
            from cli.formats import sarif  # noqa: PLC0415 - as above

            return sarif.pieces(content)
        case "junit":
            from cli.formats import junit  # noqa: PLC0415 - as above

            return junit.pieces(content)
        case "github":
            from cli.formats import github  # noqa: PLC0415 - as above

            return github.pieces(content)
        case "markdown":
            from cli.formats import markdown  # noqa: PLC0415 - as above

            return markdown.pieces(content)
        case "gitlab":
            from cli.formats import gitlab  # noqa: PLC0415 - as above

            return gitlab.pieces(content)
        case "csv":
            from cli.formats import csv  # noqa: PLC0415 - as above

            return csv.pieces(content)
        case "asff":
            from cli.formats import asff  # noqa: PLC0415 - as above

            return asff.pieces(content)
        case "ocsf":
            from cli.formats import ocsf  # noqa: PLC0415 - as above

            return ocsf.pieces(content)
