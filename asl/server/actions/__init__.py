"""The API's actions, one module for each kind of resource."""
