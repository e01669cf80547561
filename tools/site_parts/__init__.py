"""What `make_site` is made of."""
