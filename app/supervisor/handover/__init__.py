"""Hand programs that outlive the supervisor over to the next one."""
