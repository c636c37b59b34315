"""The explorer: one front end that plays a graph's steps, in a Jupyter widget and in a page without a kernel."""
