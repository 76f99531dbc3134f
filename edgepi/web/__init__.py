"""The aiohttp application: REST, WebSocket, login, dashboard."""
