"""The old place of the provider in infra/backends/local."""
