"""The case: from a request to its confirmation and its completion."""
