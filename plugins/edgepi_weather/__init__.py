"""Weather from a BME280."""
