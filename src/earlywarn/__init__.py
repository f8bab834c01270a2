"""Early warning for school networks: explained lists that fit what a school can do."""

__version__ = "0.1.0"
