"""``python -m alliance_graph``: the same as the command ``alliance``."""

from alliance_graph.cli import main

main()
