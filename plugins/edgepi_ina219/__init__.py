"""An INA219 or INA226 as a meter of input, battery or output."""
