"""The full screens, in the order a person meets them."""
