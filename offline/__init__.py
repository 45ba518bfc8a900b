"""A stack's program, run without a cloud: what it declares, recorded in preview with nobody behind it."""
