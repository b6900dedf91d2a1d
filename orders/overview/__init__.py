"""Many orders at once, as whoever runs the shop or the console wants to see them."""
