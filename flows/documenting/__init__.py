"""Generation of documentation pages, for developers."""
