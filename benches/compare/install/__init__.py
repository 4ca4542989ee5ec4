"""Installs and builds what is compared, each in a folder of its own in the cache; what has not changed is kept."""
