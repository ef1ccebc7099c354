"""`python -m citeward` is the `citeward` command."""

from citeward.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
