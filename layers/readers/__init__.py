"""One reader per file format: each returns every record of a file, or says which it cannot and why."""

from typing import Final

# So many rows are Python objects at once: enough for the price of a batch not to count, little enough to be nothing.
BATCH_ROWS: Final = 20_000
