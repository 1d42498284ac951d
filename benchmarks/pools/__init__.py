"""`python -m benchmarks pools`: procession.Pool beside the stdlib's and its other replacements."""
