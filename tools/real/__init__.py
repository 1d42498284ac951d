"""Programs like those in the wild; `tools.real_programs` copies them to a folder and runs them."""
