"""The Pi 5's own clock, power chip and button as a power board."""
