"""The operations of the Partner API, one function each; ``table`` lists them."""
