"""What the notebooks need to teach."""
