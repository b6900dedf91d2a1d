"""Proves that nothing was lost and that money moved once: by rules over all tables and the books of others."""
