"""The Witty Pi 4: measures the supply, cuts the node's power and brings it back."""
