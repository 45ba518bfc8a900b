"""No Redis: the application uses its own memory."""
