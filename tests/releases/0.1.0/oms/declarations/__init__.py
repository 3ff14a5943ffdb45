"""What is declared once and read by the shop, the one-machine stack and the CDK app.

This package uses only the standard library, so that ``infra`` can import it too.
"""
