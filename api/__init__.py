"""The HTTP edge and the composition roots: the only package that reads the environment."""
