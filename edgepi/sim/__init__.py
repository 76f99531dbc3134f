"""The world: sun, battery, weather, chips and pins at register level."""
