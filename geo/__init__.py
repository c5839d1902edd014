"""Pure geometry and network rules: no database, no HTTP, no clock, no environment."""
