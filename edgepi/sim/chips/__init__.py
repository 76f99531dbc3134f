"""Chips as software sees them through their registers."""

from edgepi.sim.chips.bme280 import BME280, BME280_ID, BMP280_ID, Air
from edgepi.sim.chips.compensation import Calibration
from edgepi.sim.chips.ina219 import INA219, Rail

__all__ = ["BME280", "BME280_ID", "BMP280_ID", "INA219", "Air", "Calibration", "Rail"]
