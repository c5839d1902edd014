"""A reference utility company: a real HTTP server with its own database, its own network and its own books.

It knows the published contract and nothing of the single window. Run `python -m integrations.sandbox --help`.
"""
