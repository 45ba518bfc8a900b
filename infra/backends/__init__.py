"""The backends: a folder for each target, with its settings, resources and all else that it alone needs."""
