"""Start one command and report how it ended: `launch.py RESULT PROGRAM ARGUMENT…`, run with -I -S.

A child's peak memory counts from what its parent had at the fork, so a large test process cannot measure a small
child. This one is small.
"""

import json
import os
import sys
import time

begun = time.monotonic()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.monotonic() - begun
with open(sys.argv[1], "w") as result:
    json.dump(
        {
            "status": os.waitstatus_to_exitcode(status),
            "rss_kib": usage.ru_maxrss,
            "seconds": seconds,
            "cpu": usage.ru_utime + usage.ru_stime,
        },
        result,
    )
