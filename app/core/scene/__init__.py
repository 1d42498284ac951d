"""What is known of all programs at one moment, how it is named, and who can never continue in it.  Pure."""
