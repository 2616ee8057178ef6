"""Run shiv, with our own first module: see `make zipapp`."""

from pathlib import Path

from shiv import builder, cli  # type: ignore[import-not-found] # it is in an environment of its own

FIRST = Path(__file__).with_name("pyz_main.py")

if __name__ == "__main__":
    builder.MAIN_TEMPLATE = FIRST.read_text(encoding="utf-8").replace("{", "{{").replace("}", "}}")
    cli.main()
