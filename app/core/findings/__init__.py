"""What the waits of observed programs mean: findings, one theme per file.  Pure."""
