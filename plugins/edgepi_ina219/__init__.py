"""An INA219 as a meter of input, battery or output."""
