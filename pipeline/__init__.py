"""The runs: the graph, the driver, the commit, the state, and the command line."""
