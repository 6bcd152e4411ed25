"""A second, naive reading of the contract: what the service must agree with, record by record."""
