"""The commands of ``pcistack``, one file for each, named after it."""
