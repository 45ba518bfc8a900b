"""What stands on Google Cloud. The modules of pure data (care, forms, naming, releases) load without Google's SDK."""
