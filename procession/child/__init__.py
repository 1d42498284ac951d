"""A supervised process: what runs in it before the code that it was started for."""
