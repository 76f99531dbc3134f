"""The only place that opens a bus, a pin or a serial line, sets the clock or halts the machine."""
