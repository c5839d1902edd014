"""The stored GIS layers; knows nothing about cases."""
