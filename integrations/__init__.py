"""The agencies: delivery, their answers, their adapters, their contract."""
