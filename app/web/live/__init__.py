"""Push the state and watched logs to browsers over Socket.IO."""
