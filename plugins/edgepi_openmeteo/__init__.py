"""Forecasts of the sun from Open-Meteo."""
