"""One module per wrapped module of the standard library; `finder` lists them."""
