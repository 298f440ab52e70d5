"""`python -m zoufang`."""

from zoufang.cli import main

main()
