"""Entry point: ``segwizard`` and ``python -m wizard``."""


def main() -> None:
    """Run the command line."""
