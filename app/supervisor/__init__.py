"""The supervisor process: one thread, one epoll loop, the state of every supervised process."""
