"""How a program and its processes fare, by what they say.  Pure."""
