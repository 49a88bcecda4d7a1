"""`python -m aion`: the command line."""

import sys

from aion.cli import main

sys.exit(main())
