"""The code of a supervised process that runs before the user's code."""
