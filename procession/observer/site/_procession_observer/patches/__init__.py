"""One module for each module of the standard library that is wrapped; `finder` names them."""
