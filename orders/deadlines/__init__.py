"""Until when orders wait for a decision."""
