"""Docker: a container on a developer's machine, or on another daemon."""
