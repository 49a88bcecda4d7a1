"""`python -m aion`: the command line."""

import sys

from aion.command.app import main

sys.exit(main())
