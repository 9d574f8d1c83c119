"""`erp-bridge` and `python -m bridge`: where the command starts."""

import sys

from bridge.garbage import collect_seldom


def main() -> None:
    """Runs the command; the WSDL tools start without the rest, which takes a second to import."""
    collect_seldom()
    if sys.argv[1:2] == ["wsdl"]:
        from bridge.wsdl.command import wsdl_group  # noqa: PLC0415

        wsdl_group(args=sys.argv[2:], prog_name="erp-bridge wsdl")
    else:
        from bridge.cli import main as whole_command  # noqa: PLC0415

        whole_command()


if __name__ == "__main__":
    main()
