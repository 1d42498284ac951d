"""What the core knows: members, pools and programs; and its events and actions.  Pure."""
