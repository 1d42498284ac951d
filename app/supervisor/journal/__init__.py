"""Every event and every process, durable before anybody is told."""
