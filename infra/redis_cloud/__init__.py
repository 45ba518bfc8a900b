"""The old place of the providers in infra/backends/rediscloud."""
