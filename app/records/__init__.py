"""What all layers share: frozen records, errors, and how things are named in words.  Pure."""
