"""From a wish to a checked plan, before anything is started."""
