"""Schedules in the vendor's form (``.wpi``): read, worked out, and kept by EdgePi."""
