"""A model of the service that knows whose everything is, and how each session must stand after what it has heard.

Every string that it gives out, or that a user knows, has an owner: names, passwords, codes, tokens, device keys, and
the sessions of challenges and sign-ups. A request with things of two users is a `Violation`. So is one that sends a
thing twice that works once. `Ear` notes what arrives at a session; what is lost on the way is not in it.
"""
