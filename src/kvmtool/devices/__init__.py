"""The devices of a machine, one file each."""
