"""dispel4py's packages have no names of their own."""
