"""The Witty Pi 3."""
