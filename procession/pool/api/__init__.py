"""What a program calls: the interface of `multiprocessing.pool.Pool`, and what is offered beyond it."""
