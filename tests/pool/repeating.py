"""How often a test tries what depends on chance; imported by tests alone, after the profile was chosen."""

import os

from tests.examples import repeats

#: How often each kill is repeated in one test.
KILLS = int(os.environ.get("PROCESSION_POOL_REPEATS", repeats(4, few=2)))
