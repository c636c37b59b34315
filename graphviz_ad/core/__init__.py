"""What was computed: traced values, their graph, their sources, and the sweeps over them."""
