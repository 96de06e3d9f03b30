"""The records of tocsin: frozen dataclasses and the Arrow schemas that follow from them.

Nothing here imports Beam, does I/O or reads a clock.
"""
