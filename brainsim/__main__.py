"""``python -m brainsim`` is the command ``brainsim``."""

from brainsim.cli import main

raise SystemExit(main())
