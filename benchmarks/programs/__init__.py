"""The measured programs. Each runs in a process of its own, with the installed library, and reports its numbers."""
