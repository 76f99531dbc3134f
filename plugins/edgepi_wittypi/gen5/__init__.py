"""The Witty Pi 5 HAT+: no lines, all goes over the bus."""
