"""What commands share: options and arguments, and what reads them."""
