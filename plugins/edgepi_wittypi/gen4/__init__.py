"""The Witty Pi 4, the 4 Mini and the 4 L3V7."""
