"""`python -m bubuh`: the same as the command `bubuh`."""

from bubuh.cli import main

main()
