"""Front ends: graphs of what is no Python function in hand, such as a file's function."""
