"""The station's devices, and what their counts and voltages mean."""
