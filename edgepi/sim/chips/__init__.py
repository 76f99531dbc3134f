"""Chips as software sees them through their registers."""

from edgepi.sim.chips.ads1115 import ADS1015, ADS1115
from edgepi.sim.chips.bme280 import BME280, BME280_ID, BMP280, BMP280_ID, Air
from edgepi.sim.chips.compensation import Calibration
from edgepi.sim.chips.ina219 import INA219, Rail
from edgepi.sim.chips.ina226 import INA226
from edgepi.sim.chips.powerboard import BoardEvent, PowerBoard
from edgepi.sim.chips.wittypi4 import WittyPi4
from edgepi.sim.chips.wittypi4_memory import Analog
from edgepi.sim.chips.wittypi4_registers import Reason, Reg
from edgepi.sim.chips.wittypi4_switch import WittyPi4Tunables

__all__ = [
    "ADS1015",
    "ADS1115",
    "BME280",
    "BME280_ID",
    "BMP280",
    "BMP280_ID",
    "INA219",
    "INA226",
    "Air",
    "Analog",
    "BoardEvent",
    "Calibration",
    "PowerBoard",
    "Rail",
    "Reason",
    "Reg",
    "WittyPi4",
    "WittyPi4Tunables",
]
