"""Where a lake is kept: a local disk, or an object store. `storage.py` says what the rest of tocsin asks of either."""
