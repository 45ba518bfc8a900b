"""A small stand-in for the Pulumi engine, for machines where no Pulumi CLI can be had.

It runs the very same program, on a subclass of the SDK's own mock monitor, and serves resources whose provider
it has: dynamic ones in the product, stand-ins in the tests. What it does not implement it refuses by name.
"""
