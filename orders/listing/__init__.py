"""What lists of orders are asked for: filters and sorts, read from an address by pages and programs alike."""
