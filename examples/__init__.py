"""Programs that show the library at work, and the local user pool that they run on."""
