"""The compiled part: what runs for each exit, each descriptor or each request, and nothing else."""
