"""What runs in a worker, kept small: a worker's start takes as long as its imports."""
