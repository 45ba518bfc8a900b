"""The least that a pipeline's role needs for a stack, made from what the stack declares.

`amazon` and `google` say for each type of resource what its provider asks of the cloud; `policy` puts together what one
stack comes to; `document` writes it down for people and for examples/ci-identity.
"""
