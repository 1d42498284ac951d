"""The supervisor process: one thread, one epoll loop, the truth about every supervised process."""
