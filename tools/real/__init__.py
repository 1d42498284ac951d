"""Programs as they are found in the world; `tools.real_programs` copies them to a folder of their own and runs them."""
