"""The workers as the pool sees them: how they start, are written to, end and are buried."""
