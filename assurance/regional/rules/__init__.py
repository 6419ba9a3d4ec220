"""The rules of the regional guard, one file per family."""
