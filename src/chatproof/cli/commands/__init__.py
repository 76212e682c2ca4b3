"""Commands: one module each, with `main(argv) -> exit status`. The table is `cli.COMMANDS`."""
