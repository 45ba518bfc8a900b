"""How a stack is run from a clean clone: find or install the Pulumi CLI, else run the program in this process."""
