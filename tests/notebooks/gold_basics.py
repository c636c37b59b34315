"""What notebooks 1 to 5 show: a number for each item of the curriculum that is theirs, and their errors."""

from __future__ import annotations

from functools import partial

from tests.notebooks.table import Gold, Shown

RATES = partial(Gold, notebook="01_rates_multiply")
PATHS = partial(Gold, notebook="02_graphs_paths_sums")
BY_HAND = partial(Gold, notebook="03_by_hand")
VECTORS = partial(Gold, notebook="04_vectors")
LOSSES = partial(Gold, notebook="05_activations_losses")

GOLD: list[Gold] = [
    # 1: rates multiply
    RATES(52, cell="gears", read='train["x"].adjoint', value=6, what="dy/dx of 2 · 3x"),
    RATES(
        1,
        cell="cube-at-one",
        read="[edge.local for edge in arrows(cube_at_one)]",
        value=[2, 1, 12],
        what="one factor for each edge",
    ),
    RATES(2, cell="cube-at-one", read='cube_at_one["x"].adjoint', value=24, what="dy/dx of (x² + 1)³ at 1"),
    RATES(27, cell="cube-at-one", read='cube_at_one["u"].adjoint', value=12, what="f′(g(x)) at g(1) = 2"),
    RATES(28, cell="cube-at-one", read='cube_at_one["y"].value', value=8, what="y at 1"),
    RATES(51, cell="where", read='cube_at["x"].adjoint', value=95.0625, what="dh/dx at 1.5"),
    RATES(53, cell="where", read='cube_at["u"].adjoint', value=31.6875, what="dy/du at u = 3.25"),
    RATES(
        54,
        cell="proof-in-numbers",
        read='(nudged["y"].value - cube_at_one["y"].value) / dx',
        value=24.0036003,
        rtol=1e-7,
        what="Δy/Δx for Δx = 10⁻⁴",
    ),
    RATES(
        55,
        cell="expanded",
        read='[graph["x"].adjoint for graph in expanded.values()]',
        value=[24, 95.0625, -4.6875],
        what="6x⁵ + 12x³ + 6x at 1, 1.5 and −0.5",
    ),
    RATES(72, cell="two-ways", read='[way["x"].adjoint for way in ways]', value=[8, 8], what="two ways, at 3"),
    RATES(76, cell="two-ways", read='ways[0]["x"].adjoint', value=8, what="dy/dx of (x + 1)² at 3"),
    RATES(64, cell="step-table", read='steps["y"].adjoint', value=1, what="the seed"),
    RATES(65, cell="step-table", read='steps["x"].adjoint', value=0.769239, what="dy/dx of sin(ln(x² + 1)) at 1"),
    RATES(
        66,
        cell="primitives",
        read="[node.primitive.name for node in steps.nodes if node.primitive]",
        value=["power", "add", "log", "sin"],
        what="the primitives of sin(ln(x² + 1))",
    ),
    RATES(56, cell="drill", read='drill["exp(−x²)"]["x"].adjoint', value=-0.735759, what="dy/dx of e^(−x²) at 1"),
    RATES(57, cell="drill", read='drill["sin(3x + 2)"]["x"].adjoint', value=0.850987, what="of sin(3x + 2) at 1"),
    RATES(58, cell="drill", read='drill["ln(x² + 1)"]["x"].adjoint', value=1, what="of ln(x² + 1) at 1"),
    RATES(67, cell="drill", read='drill["(3x + 1)⁵"]["x"].adjoint', value=3840, what="of (3x + 1)⁵ at 1"),
    RATES(68, cell="drill", read='drill["exp(2x)"]["x"].adjoint', value=14.778112, what="of e^(2x) at 1"),
    RATES(69, cell="drill", read='drill["ln(x³)"]["x"].adjoint', value=3, what="of ln x³ at 1"),
    RATES(70, cell="drill", read='drill["√(1 + x²)"]["x"].adjoint', value=0.707107, what="of √(1 + x²) at 1"),
    RATES(
        94,
        cell="square-inside-sine",
        read='[deep["z"].value, deep["a"].value, deep["y"].value, deep["x"].adjoint]',
        value=[3, 9, 0.412118485, -10.9335631],
        rtol=1e-7,
        what="z, a, y and dy/dx of sin((2x + 1)²) at 1",
    ),
    RATES(59, cell="deeper", read='three_deep["x"].adjoint', value=-4.956699, what="of sin(e^(x²)) at 1"),
    RATES(71, cell="deeper", read='waves["x"].adjoint', value=-1.443212, what="of sin(cos x²) at 1"),
    RATES(
        93,
        cell="deeper",
        read='[two_deep["x"].adjoint, three_deep["x"].adjoint]',
        value=[1.0806046, -4.9566995],
        what="two and three deep: sin x² and sin(e^(x²)) at 1",
    ),
    RATES(
        3,
        cell="composition",
        read='[three["v"].adjoint, three["u"].adjoint, three["x"].adjoint]',
        value=[0.2921049, 0.1797568, 0.5392705],
        what="dy/dv, dy/du, dy/dx of f₃ ∘ f₂ ∘ f₁ at 1.5",
    ),
    RATES(
        43,
        cell="in-one-line",
        read='[answers["y"].adjoint, answers["u"].adjoint, answers["x"].adjoint]',
        value=[1, 31.6875, 95.0625],
        what="from the seed to dy/dx, at 1.5",
    ),
    # 2: graphs, paths and sums
    PATHS(
        32,
        cell="square-add-cube",
        read="[node.name for node in chain.nodes if node.adjoint is not None]",
        value=["x", "square", "u", "y"],
        what="x → square → + 1 → cube",
    ),
    PATHS(
        33, cell="square-add-cube", read='[*factors, chain["x"].adjoint]', value=[1, 12, 1, 2, 24], what="four factors"
    ),
    PATHS(
        6,
        cell="film-strip",
        read='[chain["y"].adjoint, chain["u"].adjoint, chain["square"].adjoint, chain["x"].adjoint]',
        value=[1, 12, 12, 24],
        what="adjoints in the order of the backward pass",
    ),
    PATHS(
        95, cell="figure-for-a-text", read='figure["x"].adjoint', value=-10.9335631, what="the figure of sin((2x + 1)²)"
    ),
    PATHS(
        17,
        cell="loops",
        read="[graph['x'].adjoint for graph in unrolled.values()]",
        value=[2.2, 7.3205],
        what="d/dx of x² and x⁵, as loops, at 1.1",
    ),
    PATHS(
        61, cell="two-paths", read='[path.product for path in used_twice.paths("x")]', value=[6, 1], what="two paths"
    ),
    PATHS(78, cell="two-paths", read='used_twice["x"].adjoint', value=7, what="d/dx of x² + x at 3"),
    PATHS(
        29,
        cell="product-of-powers",
        read='[path.product for path in product.paths("s")]',
        value=[32, 48],
        what="two terms",
    ),
    PATHS(62, cell="product-of-powers", read='product["s"].adjoint', value=80, what="d/ds of s² · s³ at 2"),
    PATHS(
        73,
        cell="two-powers",
        read='[by_paths["t"].adjoint, by_one_power["t"].adjoint]',
        value=[13, 13],
        what="13t¹² at 1, two ways",
    ),
    PATHS(
        30, cell="three-uses", read='thrice["x"].adjoint', value=6.04340451, what="d/dx of x eˣ sin x at 1, three terms"
    ),
    PATHS(
        77,
        cell="square-of-sum",
        read='[of_a_sum["a"].value, of_a_sum["x"].adjoint, of_a_sum["y"].adjoint]',
        value=[5, 10, 10],
        what="a, x̄, ȳ of (x + y)² at (2, 3)",
    ),
    PATHS(60, cell="scalar-of-vector", read='curve["t"].adjoint', value=12, what="df/dt along (t, t², t³) at 1"),
    PATHS(
        31,
        cell="fork",
        read="[node.value for node in forked.nodes]",
        value=[2, 3, 5, 6, 11, 30, 41],
        what="values a … y",
    ),
    PATHS(
        87,
        cell="fork",
        read="[node.adjoint for node in reversed(forked.nodes)]",
        value=[1, 1, 1, 6, 7, 19, 25],
        what="adjoints y … a",
    ),
    PATHS(
        79, cell="algorithm", read='[forked[name].adjoint for name in "abcd"]', value=[25, 19, 7, 6], what="ā, b̄, c̄, d̄"
    ),
    PATHS(
        96,
        cell="algorithm",
        read="[by_hand[node.name] - node.adjoint for node in forked.nodes]",
        value=[0, 0, 0, 0, 0, 0, 0],
        what="eight lines less the graph",
    ),
    PATHS(
        49,
        cell="slips",
        read="[[slips[name][key] - forked[key].adjoint for key in 'ab'] for name in slips]",
        value=[[0, 0], [-24, -18], [-21, -16], [4, 3], [75, 57]],
        what="how far off each slip is",
    ),
    PATHS(
        34,
        cell="ladder",
        read='[paths.count, paths.work, deep["x"].adjoint]',
        value=[1048576, 100, 0.07746798],
        what="paths, edges, dy/dx",
        rtol=1e-12,
    ),
    PATHS(
        75,
        cell="summary",
        read="[graph[name].adjoint for graph, name in summary.values()]",
        value=[24, 80, 25, 12],
        what="chain, two paths, forks, vector",
    ),
    PATHS(
        44,
        cell="algorithm",
        read="[node.name for node in reversed(forked.nodes)]",
        value=["y", "f", "e", "d", "c", "b", "a"],
        what="the order in which nodes send",
    ),
    # 3: by hand
    BY_HAND(84, cell="sigmoid-at-zero", read='at_zero["z"].adjoint', value=0.25, what="σ′(0)"),
    BY_HAND(
        16,
        cell="sigmoid-loss",
        read='[warm_up["s"].value[0], warm_up["loss"].value, warm_up["x"].adjoint[0]]',
        value=[0.731059, 0.534447, 0.287470],
        what="σ, loss, gradient at 1",
    ),
    BY_HAND(
        5,
        cell="neuron",
        read='[neuron[name].adjoint for name in ["w1", "b1", "w2", "b2"]] + [neuron["y"].value, neuron["loss"].value]',
        value=[0.2304825, 0.1152412, -1.5381503, -2.0501561, -0.0250780, 1.0507850],
        rtol=1e-7,
        what="four gradients, y and L",
    ),
    BY_HAND(
        4,
        cell="roles",
        read="[node.adjoint for node in with_roles.inputs if node.role == 'parameter']",
        value=[0.230482, 0.115241, -1.538150, -2.050156],
        what="all parameters in one sweep",
    ),
    BY_HAND(
        7,
        cell="class-by-hand",
        read="[[own[name], by_class[name].adjoint] for name in own]",
        value=[[0.230482, 0.230482], [0.115241, 0.115241], [-1.538150, -1.538150], [-2.050156, -2.050156]],
        what="four gradients, by the class and by the graph",
    ),
    BY_HAND(
        97,
        cell="hidden-layer",
        read='[number for name in ["W1", "b1", "W2", "b2"] for number in layered[name].adjoint.ravel()]',
        value=[
            *(-0.1047611, -0.2095222, 0.1080352, 0.2160703, -0.1047611, 0.1080352),
            *(-0.5912966, -0.6695086, -0.9158070),
        ],
        rtol=1e-7,
        what="W̄₁, b̄₁, W̄₂, b̄₂ with ½(ŷ − y)²",
    ),
    BY_HAND(
        22,
        cell="recipe-in-numbers",
        read="[float(np.max(np.abs(by_hand[name] - layered[name].adjoint))) for name in by_hand]",
        value=[0, 0, 0, 0],
        what="the recipe less the graph",
    ),
    BY_HAND(45, cell="one-step", read='after["loss"].value', value=0.4942937, what="the loss after one step"),
    # 4: vectors
    VECTORS(
        11,
        cell="jacobian",
        read='next(edge for edge in product.edges if edge.input.name == "x").local.dense()',
        value=[[1, 2, 0], [-1, 0.5, 3]],
        what="the Jacobian of Wx is W",
    ),
    VECTORS(
        63,
        cell="layers",
        read='deep["x"].adjoint',
        value=[-0.5147409, -0.1085890, -2.5875714],
        what="row · J₃J₂J₁",
        rtol=1e-7,
    ),
    VECTORS(
        80, cell="vjp", read='stacked["x"].adjoint', value=[0.4048668, -0.0874944, -0.8399487], what="Jᵀz̄", rtol=1e-7
    ),
    VECTORS(
        12,
        cell="linear-layer",
        read='[*sample["x"].adjoint, *sample["b"].adjoint]',
        value=[3, 1, -6, 1, -2],
        what="Wᵀȳ and ȳ",
    ),
    VECTORS(81, cell="linear-layer", read='sample["W"].adjoint', value=[[1, 2, -1], [-2, -4, 2]], what="ȳxᵀ"),
    VECTORS(
        8,
        cell="four-layer-product",
        read='four["x"].adjoint',
        value=[-0.1171008, 0.1653787],
        what="through four layers",
        rtol=1e-6,
    ),
    VECTORS(
        74,
        cell="sigmoid-layer",
        read='gated["W"].adjoint',
        value=[[0.00405357, 0.00810714, -0.00405357], [-0.05690605, -0.1138121, 0.05690605]],
        rtol=1e-6,
        what="(ȳ ⊙ σ′(z))xᵀ",
    ),
    VECTORS(
        82,
        cell="batch",
        read='[*batch["X"].adjoint.tolist(), *batch["W"].adjoint.tolist()]',
        value=[[1, 2, 0], [-1, 0.5, 3], [2, 1.5, -3], [1.5, 4.25, 1.5], [0.4, 0.2, -1], [0.8, -0.3, -2.45]],
        what="ȲW (4, 3) and ȲᵀX (2, 3)",
    ),
    VECTORS(
        35,
        cell="algorithm",
        read="[float(np.linalg.norm(node.adjoint)) for node in net.inputs if node.reached]",
        value=[0.07351120, 0.01864500, 0.08769643, 0.05061974],
        rtol=1e-6,
        what="‖dW₁‖, ‖db₁‖, ‖dW₂‖, ‖db₂‖",
    ),
    VECTORS(
        48,
        cell="formulas-in-numbers",
        read='gated["b"].adjoint',
        value=[0.00405357, -0.05690605],
        what="b̄ = ȳ ⊙ σ′(z)",
        rtol=1e-6,
    ),
    VECTORS(
        47,
        cell="one-sweep",
        read="float(np.sqrt(sum(np.sum(node.adjoint**2) for node in net.inputs if node.reached)))",
        value=0.12650911,
        rtol=1e-6,
        what="norm of the whole gradient, from one sweep",
    ),
    # 5: activations and losses
    LOSSES(
        9,
        cell="four-slopes",
        read="[graph.inputs[0].adjoint[2] for graph in slopes.values()]",
        value=[0.2217129, 0.6347396, 1, 1],
        rtol=1e-7,
        what="slopes of σ, tanh, ReLU, leaky ReLU at 0.7",
    ),
    LOSSES(
        39,
        cell="four-slopes",
        read="[graph.inputs[0].adjoint[0] for graph in slopes.values()]",
        value=[0.1049936, 0.0706508, 0, 0.01],
        rtol=1e-6,
        what="slopes of σ, tanh, ReLU, leaky ReLU at −2",
    ),
    LOSSES(
        83,
        cell="relu-mask",
        read='next(edge.local for edge in mask.edges if edge.input.name == "z")',
        value=[0, 1, 1],
        what="ReLU's mask",
    ),
    LOSSES(46, cell="saturated", read='units[8.0]["z"].adjoint', value=0.0006702505, what="z̄ of a saturated unit"),
    LOSSES(
        40,
        cell="fused",
        read='fused["z"].adjoint',
        value=[-0.3409989, 0.2424330, 0.0985659],
        what="p − one-hot",
        rtol=1e-6,
    ),
    LOSSES(
        85,
        cell="mse",
        read='[mse["loss"].value, *mse["y"].adjoint]',
        value=[6, 2 / 3, -2 / 3, 8 / 3],
        what="L and its gradient",
        rtol=1e-12,
    ),
]

SHOWN: list[Shown] = [
    Shown("E17", "01_rates_multiply", "as-sensitive", "claimed", 'rates["x"].adjoint', 6, 12),
    Shown("E1", "01_rates_multiply", "extra-factor", "three_factors", 'pair["x"].adjoint', 0.009991277, -0.1283465),
    Shown("E18", "01_rates_multiply", "zero-difference", "by_ratios", 'at_rest["x"].adjoint', float("nan"), 0),
    Shown("E19", "01_rates_multiply", "log-below-zero", "formula", "below.outputs[0].value", -1.5, float("nan")),
    Shown("E22", "02_graphs_paths_sums", "inputs-and-consumers", "over_inputs", 'forked["c"].adjoint', 44, 7),
    Shown("E2", "03_by_hand", "parameters-as-labels", "len(with_adjoint)", "len(should_be)", 1, 6),
    Shown("E5", "04_vectors", "jacobian-or-vjp", "list(claimed.shape)", "list(true.shape)", [3, 2], [2, 3]),
    Shown("E3", "04_vectors", "products", "elementwise.sum(axis=1)", 'square["x"].adjoint', [-3, -5], [-5, -6]),
    Shown(
        "E24",
        "04_vectors",
        "conformable",
        "as_written",
        '"runs" if right.shape == two["W1"].shape else ""',
        "ValueError",
        "runs",
    ),
    Shown("E13", "04_vectors", "one-over-m", "without_m[0, 0]", 'in_columns["W"].adjoint[0, 0]', 12.3, 3.075),
    Shown(
        "E14", "05_activations_losses", "which-argument", "slope_from_z(a)", 'at_two["z"].adjoint', 0.2071562, 0.1049936
    ),
    Shown("E15", "05_activations_losses", "overflow", "naive", "safe", [float("nan"), 0], [1, 0]),
    Shown(
        "E15",
        "05_activations_losses",
        "labels",
        "bad.sum(axis=1)",
        'batch["Z"].adjoint.sum(axis=1)',
        [-2, 1, 1],
        [0, 0, 0],
    ),
    Shown("E26", "05_activations_losses", "scales", "mixed", 'scaled["½ Σ e²"]["y"].adjoint', [2, -2, 8], [1, -1, 4]),
]
