"""The demo app: how often would a battery run empty in winter? By chance, yet the same on every chip."""
