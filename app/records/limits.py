"""Limits on what a request may carry, where several layers check the same one.  Pure.

The web process refuses what is over a limit before it asks the supervisor; the supervisor checks again, because the
command line asks it directly.
"""

#: Processes that one launch may create.
MAX_LAUNCHED = 1000
#: Processes of one `/actions` request.
MAX_IDS = 1000
#: The longest duration that a field may give: a day.
MAX_SECONDS = 86_400
MAX_GRACE_S = 3600
MIN_STUCK_AFTER_S = 1
#: Consecutive restarts that a restart policy may allow.
MAX_RESTARTS = 1000
MIN_RESTART_DELAY_S = 0.1
MAX_RESTART_DELAY_S = 3600

MAX_NAME_CHARACTERS = 100
MAX_TARGET_CHARACTERS = 500

#: The kernel's limit for pids on 64-bit machines.
MAX_PID = 2**22

MAX_POOL_WORKERS = 256
MAX_TASK_RETRIES = 100
MAX_TASKS_PER_CHILD = 2**31

#: Journal lines in one answer.
MAX_EVENTS = 1000
