"""What developers and `make` run; no room imports from here."""
