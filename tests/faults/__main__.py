"""`python -m tests.faults`: plays everything, and writes the table."""

import sys

from tests.faults.report import main

# The processes that it starts import the other modules, not this one.
sys.exit(main())
