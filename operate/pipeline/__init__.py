"""What the workflows in .github do beside `make up`: the plan and drift in words, proofs as JUnit, and GitHub's API."""
