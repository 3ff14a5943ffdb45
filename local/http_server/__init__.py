"""How the servers of the one-machine stack speak HTTP: ASGI helpers, the server, and the guard of origins."""
