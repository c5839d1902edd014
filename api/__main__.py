"""`python -m api` is the `panjereh` command."""

from api.cli import main

main()
