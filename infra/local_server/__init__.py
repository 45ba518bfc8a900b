"""Where infra/backends/local was before. States of that time name its provider here; to be removed in a year."""
