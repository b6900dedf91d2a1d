"""Warehouses and carriers behind small interfaces; `registry` lists those of the settings."""
