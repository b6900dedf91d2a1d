"""Where other programs report what happened."""
