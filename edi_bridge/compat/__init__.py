"""Bridges to other libraries' objects, for programs that already speak them."""
