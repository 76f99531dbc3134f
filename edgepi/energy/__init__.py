"""Pure decisions about energy: no I/O, no clock of its own."""
