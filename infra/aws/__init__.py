"""What stands on AWS. The modules of pure data (naming, nodes, releases, windows) load without the AWS SDK."""
