"""The supervisor's side of the control socket."""
