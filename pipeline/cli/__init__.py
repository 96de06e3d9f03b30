"""The command line: one module a command; `main` holds them together and turns errors into exit codes."""
