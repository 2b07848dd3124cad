"""``python -m samyama`` is the ``samyama`` command."""

from samyama.cli import main

main()
