"""What keeps a project or a stack from being run."""


class ProjectError(Exception):
    """The project or the stack cannot be run as it stands. The message says what to do."""
