"""The case: one building request from submission to confirmed tariffs."""
