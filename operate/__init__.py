"""Day-two commands over a declared stack."""
