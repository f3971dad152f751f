"""`python -m kvmtool` is `lkvm`."""

import sys

from kvmtool.cli.main import main

sys.exit(main())
