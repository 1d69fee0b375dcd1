"""The values that calls take and return, with their reading and writing of JSON."""
