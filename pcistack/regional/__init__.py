"""Will a region do what a template asks of it: facts and rules."""
