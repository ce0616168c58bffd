"""The folder that a sanitized child finds first on PYTHONPATH: `sitecustomize.py` and nothing else."""
