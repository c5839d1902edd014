"""One reader per file format: each returns every record of a file, or says which it cannot and why."""
