"""The journal: every event and every process, durable before it is published."""
