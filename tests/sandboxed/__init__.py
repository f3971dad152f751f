"""Attacks from inside a sandbox, for the tests of every device."""
