"""The readers of the kernel, one file for each of its doors; they know no record but what they fill."""
