"""What observed processes say and count, and how their ends are seen."""
