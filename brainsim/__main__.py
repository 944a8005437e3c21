"""``python -m brainsim`` is the command ``brainsim``."""

from brainsim.commands.cli import main

raise SystemExit(main())
