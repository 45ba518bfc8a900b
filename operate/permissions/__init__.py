"""The least that a pipeline's role needs for a stack, made from what the stack declares.

The backends, sinks and verifiers say what the provider of each type of theirs asks of the cloud; `policy` puts together
what one stack comes to; `document` writes it down for people and for examples/ci-identity.
"""
