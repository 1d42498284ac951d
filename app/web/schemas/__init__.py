"""What requests may carry."""
