"""A small web application that shows what the library does. Start it with `make web`."""
