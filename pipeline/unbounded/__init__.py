"""The unbounded graph of `tocsin stream` on an engine, and the driver that commits its windows."""
