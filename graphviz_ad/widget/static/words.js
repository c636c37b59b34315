// Every text of the explorer that a person can read, in one table; sentences about numbers come from Python.

export const WORDS = {
  player: {
    first: "First step",
    back: "Step back",
    play: "Play",
    pause: "Pause",
    forward: "Step forward",
    last: "Last step",
    group: "Playback",
    slider: "Step",
    speed: "Speed",
    space: "space",
    /** @param {number} step @param {number} steps */
    where: (step, steps) => `step ${step} of ${steps}`,
    /** @param {number} factor */
    times: (factor) => `${factor}×`,
    forks: "pause at forks",
    forksHint: "Playing stops where a node with several consumers has heard from one of them.",
    paused: "paused at a fork",
    pausedSaid: "Paused at a fork. Space goes on.",
  },
  /** The signs of the numbers, as in the picture; what stands for none; and an edge by its ends. */
  signs: {
    value: "▲",
    adjoint: "▼",
    tangent: "▶",
    none: "–",
    /** @param {string} input @param {string} consumer */
    edge: (input, consumer) => `${input} → ${consumer}`,
  },
  phase: { forward: "forward", backward: "backward", tangent: "tangent", done: "done" },
  graph: {
    plain: "Graph",
    /** @param {string} title */
    of: (title) => `Graph of ${title}`,
    none: "There is no picture to play.",
    foreign: "The picture is not an SVG image.",
    empty: "This page carries no graph.",
  },
  kernel: {
    silent: "The kernel does not answer. It is busy, or it was restarted: then run this cell again to change inputs.",
    late: "The kernel does not answer. It is busy, or it was restarted: then run this cell again.",
    closed: "This explorer was closed.",
    overtaken: "The graph has changed since this was asked.",
    malformed: "The kernel sent something that this explorer does not understand. Run the cell again.",
  },
  page: {
    question: "This page has no Python behind it, and what was asked was not computed beforehand.",
    elsewhere: "This page can tell that only for the graph as it opened: it has no Python behind it.",
    home: "Back to the graph as it opened",
    look: "This page has no Python behind it: this way of looking was not drawn beforehand.",
    reset: "Back to the page's own inputs: this way of looking was drawn for them alone.",
    /** @param {string} what */
    one: (what) => `This page shows one way of looking at a time: ${what}.`,
    /** @param {number} step @param {number} steps */
    moved: (step, steps) => `The step that was shown is not in this story: it stands at step ${step} of ${steps}.`,
    /** What is as it was when the page opened. */
    back: {
      /** @param {string} kind */
      labels: (kind) => `labels are back to ${kind}`,
      /** @param {string} mode */
      mode: (mode) => `the mode is back to ${mode}`,
      /** @param {string} input */
      seed: (input) => `forward mode is back to ${input}`,
      wrong: () => "the right algorithm plays again",
      iteration: () => "iteration 0 is shown again",
      /** @param {string[]} names */
      open: (names) => `${names.join(", ")} ${names.length > 1 ? "are" : "is"} closed again`,
      /** @param {string[]} names */
      closed: (names) => `${names.join(", ")} ${names.length > 1 ? "are" : "is"} open again`,
    },
    /** @param {string} name @param {string} low @param {string} high */
    grid: (name, low, high) => `This page has no Python behind it: ${name} can be moved from ${low} to ${high} with its slider.`,
    /** @param {string} low @param {string} high */
    between: (low, high) => `Only some numbers were computed for this page: the nearest are ${low} and ${high}.`,
  },
  inputs: {
    scrub: "Drag, or use the arrow keys; a double click leads back to the first value.",
    /** @param {string[]} names */
    still: (names) => `${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""} cannot be changed: this page has no Python behind it, and no values of ${names.length > 1 ? "them" : "it"} were computed beforehand.`,
  },
  legend: {
    value: "▲ value",
    local: "∂ local derivative",
    tangent: "▶ tangent",
    pushed: "▶ on an edge: passed on, ∂ × tangent of the input",
    adjoint: "▼ adjoint",
    sent: "▼ on an edge: sent back, adjoint of the consumer × ∂",
    turned: "of complex values × conj ∂",
    counter: "Σ 1/2: 1 of 2 consumers has reported",
    colours: "blue for negative, red for positive",
  },
  tabs: { list: "Look closer", close: "Click again to close" },
  tools: { ways: "Ways to look", view: "View" },
  viewport: {
    group: "Zoom",
    out: "Zoom out",
    into: "Zoom in",
    fit: "Fit the whole picture",
    fitShort: "fit",
    full: "Full size",
    /** @param {string} percent */
    fullNow: (percent) => `Full size, now ${percent}`,
  },
  select: {
    nothing: "Nothing is selected.",
    /** @param {string} name @param {string | null} value @param {string | null} derivative */
    node: (name, value, derivative) =>
      `${name}, ${value === null ? "not computed yet" : `value ${value}`}${derivative === null ? "" : `, derivative ${derivative}`}`,
    /** @param {string} name @param {string | null} local */
    edge: (name, local) => `edge ${name}${local === null ? "" : `, local derivative ${local}`}`,
  },
  training: {
    title: "Training",
    group: "Iterations",
    back: "− 1",
    backLabel: "− 1 iteration",
    backHint: "One iteration back",
    one: "+ 1",
    oneLabel: "+ 1 iteration",
    oneHint: "To the same step of the next iteration",
    ten: "+ 10 iterations",
    tenHint: "Ten iterations on",
    slider: "Iteration",
    log: "log scale",
    forget: "forget to zero",
    forgetHint: "Nobody zeroes the accumulators: every backward pass adds to the gradients of the passes before.",
    unzeroed: "accumulators are never zeroed",
    rivalForgets: "Dotted: the same loop, when nobody zeroes the accumulators.",
    rivalZeroes: "Dotted: the same loop, when the accumulators are zeroed.",
    table: "All numbers as a table",
    iteration: "iteration",
    /** @param {number} iteration @param {number} last */
    where: (iteration, last) => `iteration ${iteration} (last: ${last})`,
    /** @param {number} carried @param {number} iterations */
    carried: (carried, iterations) => `this page carries ${carried} of ${iterations} iterations`,
    /** @param {string} name @param {string} first @param {string} now @param {number} iteration */
    chart: (name, first, now, iteration) => `${name} over the iterations: ${first} at first, ${now} at iteration ${iteration}`,
    /** @param {string} across @param {string} up */
    plane: (across, up) => `The way of ${across} and ${up}`,
    /** @param {string} name */
    mean: (name) => `${name}: mean, range`,
    /** @param {number} count */
    more: (count) => `${count} more parameters are in the table.`,
  },
  details: {
    title: "Details",
    hint: "Step forward, or choose a node or an edge in the picture: here it is said why it is what it is.",
    following: "follows the story",
    release: "Let go (Esc)",
    notYet: "not yet",
    value: "value",
    adjoint: "adjoint",
    tangent: "tangent",
    local: "local derivative",
    turned: "× conj",
    landing: "real part =",
    shape: "shape",
    shapes: "shapes",
    primitive: "primitive",
    aliases: "also called",
    group: "made in",
    source: "source",
    inputs: "inputs",
    consumers: "consumers",
    nobody: "none",
    holds: "holds",
    inside: "Inside",
    comesOut: "What comes out",
    part: "part",
    edge: "edge",
    kinds: { input: "input", parameter: "parameter", data: "data", target: "target", constant: "constant", group: "group" },
    constant: "a constant has none",
    discrete: "a bool or int has none",
    path: "path",
    unreached: "none leads from here to the output: nothing arrives",
    soFar: "so far",
    /** @param {string} text */
    updated: (text) => `updated, before: ${text}`,
    zeroed: "set back to zero",
    seed: "seed",
    step: "step",
    fromConsumer: "from",
    fromInput: "from",
    product: "contribution",
    sum: "sum",
    adjointOf: "adjoint of the consumer",
    tangentOf: "tangent of the input",
    sent: "contribution",
    pushed: "passed on",
    cut: "The derivative ends here: nothing is sent back along this edge.",
    silent: "Nothing is sent along this edge.",
    beforeSum: "before the sum",
    afterSum: "after it",
    matrix: "The local derivative as a matrix",
    closer: "Look at its cells",
    /** @param {string} name */
    show: (name) => `Show ${name}`,
    /** @param {string} name */
    showEdge: (name) => `Show the edge that joins it with ${name}`,
    /** @param {number} step */
    goTo: (step) => `Go to step ${step}`,
    /** @param {number} step */
    toValue: (step) => `To the step that computes it (${step})`,
    /** @param {number} step */
    toAdjoint: (step) => `To the step that completes its adjoint (${step})`,
    /** @param {number} step */
    toTangent: (step) => `To the step that completes its tangent (${step})`,
    /** @param {string} symbol */
    ledger: (symbol) => `Ledger of ${symbol}`,
    /** @param {number} done @param {number} all */
    consumersDone: (done, all) => `${done} of ${all} consumer${all === 1 ? "" : "s"}`,
    /** @param {number} done @param {number} all */
    inputsDone: (done, all) => `${done} of ${all} input${all === 1 ? "" : "s"}`,
    /** @param {string} symbol */
    into: (symbol) => `to ${symbol}`,
    /** @param {string} shape */
    summedTo: (shape) => `summed to ${shape}`,
    /** @param {number} count */
    more: (count) => `and ${count} more`,
    /** @param {string} role @param {number} order */
    orderOf: (role, order) => `${role || "node"} of the derivative of order ${order}`,
    /** @param {string} name @param {number} edges */
    through: (name, edges) =>
      `${edges === 1 ? "This edge leads" : `${edges} edges lead`} into the collapsed group ${name}; the local derivative is from end to end.`,
  },
  tensor: {
    title: "Cells",
    which: "Which numbers",
    array: "Array",
    none: "There is no array in this picture.",
    single: "This is a single number: it has no cells.",
    hint: "Point at a cell, or walk with the arrow keys.",
    notYet: "not yet: the story has not come to it",
    reduced: "This page carries this large array as means of blocks only.",
    closeUp: "Around the cell",
    overview: "Means of blocks",
    usedBy: "Computed from",
    usedHint: "Cells that the chosen cell was computed from are framed.",
    uses: "Cells that were computed from it are framed.",
    unknown: "not known for",
    noCells: "none of its cells: the padding",
    value: "value",
    adjoint: "adjoint",
    tangent: "tangent",
    min: "min",
    mean: "mean",
    max: "max",
    std: "std",
    zeros: "zeros",
    nan: "NaN",
    inf: "infinite",
    histogram: "Histogram",
    /** @param {string} name @param {string} which @param {string} shape */
    map: (name, which, shape) => `Heat map: ${which} of ${name}, shape ${shape}. Arrow keys read the cells out.`,
    /** @param {string} low @param {string} high @param {number} count */
    bar: (low, high, count) => (high === "" ? `${low}: ${count}` : `${low} to ${high}: ${count}`),
    /** @param {string} name */
    through: (name) => `through ${name}`,
    /** @param {number} count */
    count: (count) => `${count} cell${count === 1 ? "" : "s"}`,
    signs: "− negative, × NaN, ▲ ▼ infinite",
    magnitudes: "Of complex numbers colours and statistics are those of their magnitudes.",
  },
  wrong: {
    title: "Mistakes",
    choose: "Play a backward pass that is wrong on purpose",
    right: "The right algorithm",
    rightWords: "A node sends its adjoint on once all its consumers have reported; contributions are added up.",
    banner: "Wrong on purpose:",
    back: "Back to the right one",
    backSaid: "The right algorithm plays again.",
    jump: "Go to where it goes wrong",
    ask: "Ask yourself:",
    table: "Nodes that differ",
    node: "Node",
    here: "this algorithm",
    truth: "right",
    first: "first",
    /** @param {string} wrong */
    early: (wrong) => `${wrong}, sent on too early`,
    /** @param {string} right */
    badge: (right) => `✗ right is ${right}`,
    /** @param {string} right */
    badgeFirst: (right) => `✗ first: right is ${right}`,
    badgeNone: "✗ first: shapes do not fit",
    /** @param {string} wrong @param {string} right */
    badgeEarly: (wrong, right) => `✗ sent ${wrong}, right is ${right}`,
    /** @param {number} count */
    more: (count) => `and ${count} more`,
    /** @param {string} title */
    said: (title) => `Wrong on purpose: ${title}.`,
  },
  answers: {
    empty: "There is no answer yet.",
    long: "An answer has at most 200 characters.",
    /** @param {string} text */
    comma: (text) => `Write ${text} with a point, not with a comma.`,
    /** @param {string} text */
    thousands: (text) => `Write ${text} without a comma between the thousands; decimals have a point.`,
    close: "That is close, but a fraction must be exact: write its result as a decimal; four digits are enough.",
    zero: "A division by 0 is no number; write inf, -inf or nan if that is what you mean.",
    unread: "This cannot be read as a number: write a decimal such as 0.75, or a fraction such as 3/4.",
    shape: "This cannot be read as a shape: write (2, 3), or (3,) for a vector, or () for a number.",
  },
  predict: {
    ask: "Ask me first",
    askHint: "Before each step you are asked for its number; four digits are enough. Show me lets one pass.",
    region: "A question before the next step",
    answer: "Your answer",
    check: "Check",
    show: "Show me",
    next: "Next step",
    about: "Ask for",
    abouts: { value: "the value", seed: "the seed", sent: "what arrives", sum: "the running sum", local: "the local derivative", update: "the new value" },
    lead: {
      /** @param {string} name @param {string} operation @param {string} from */
      value: (name, operation, from) => `Next comes ${name}${operation ? `, by “${operation}”` : ""}${from ? ` from ${from}` : ""}.`,
      /** @param {string} name */
      seed: (name) => `Here the derivatives start, at ${name}.`,
      /** @param {string} name @param {string} consumer */
      sent: (name, consumer) => `Next, ${consumer} sends back to ${name}: adjoint of ${consumer} × local derivative.`,
      /** @param {string} name @param {string} input */
      pushed: (name, input) => `Next, ${name} gets from ${input}: local derivative × tangent of ${input}.`,
      /** @param {string} name @param {string} from */
      sum: (name, from) => `Next, what ${from} sends arrives at ${name}, where something stands already.`,
      /** @param {string} name @param {string} consumer */
      local: (name, consumer) => `The edge from ${name} to ${consumer}: how fast does ${consumer} change with ${name}?`,
      /** @param {string} name */
      update: (name) => `Next, the optimiser changes ${name}.`,
    },
    number: {
      value: "What is its value?",
      seed: "With which number?",
      sent: "Which number arrives?",
      sum: "Which number stands there afterwards?",
      local: "What is the local derivative?",
      update: "What is its new value?",
    },
    shape: {
      value: "Which shape does it have?",
      seed: "With which shape?",
      sent: "Which shape has what arrives?",
      sum: "Which shape has the sum?",
      local: "Which shape does the local derivative have?",
      update: "Which shape does it have?",
    },
    /** @param {string} given @param {string} right */
    right: (given, right) => (given === right ? `✓ Right: ${right}.` : `✓ Right: you wrote ${given}, it is ${right}.`),
    /** @param {string} given @param {string} right */
    wrong: (given, right) => `✗ Not right: you wrote ${given}, it is ${right}.`,
    /** @param {string} right */
    shown: (right) => `It is ${right}.`,
    /** @param {number} right @param {number} asked */
    score: (right, asked) => `${right} of ${asked} right`,
    hints: {
      sign: "The size is right. Where does the sign come from?",
      /** @param {string} name @param {string} consumer */
      local: (name, consumer) => `That is the local derivative: how ${consumer} reacts to ${name}. Which number arrives from above?`,
      /** @param {string} name @param {string} consumer */
      upstream: (name, consumer) => `That is what stands at ${consumer}. What does the edge from ${name} to ${consumer} make of it?`,
      /** @param {string} name @param {string} input */
      moved: (name, input) => `That is the tangent of ${input}. What does the edge from ${input} to ${name} make of it?`,
      added: "Did you add the two? Along a path, do rates add up or multiply?",
      /** @param {string} name */
      overwritten: (name) => `That is what arrives alone. What has arrived at ${name} before, and what became of it?`,
      /** @param {string} name */
      kept: (name) => `That is what stood at ${name} before. What does the new contribution change?`,
      multiplied: "Did you multiply the two? Along a path one multiplies; what does one do between paths?",
      total: "That is the sum after this step. Which part of it arrives with this one?",
      /** @param {string} name */
      value: (name) => `That is the value of ${name}, from the forward pass. Which number is asked for?`,
      contribution: "That is what arrives after the multiplication. What is the factor on the edge?",
      consumer: "That is the shape of the consumer. An adjoint has the shape of its own variable: what happens to the rest?",
      reversed: "The same lengths in another order: which factor needs a transpose?",
    },
  },
  ways: {
    mode: "Mode",
    labels: "Labels",
    reverse: "reverse",
    forward: "forward, by",
    own: "forward, as given",
    /** @param {string} input */
    from: (input) => `forward from ${input}`,
    kinds: { numbers: "numbers", symbols: "symbols", both: "both" },
  },
  groups: {
    title: "Groups",
    /** @param {string} name */
    open: (name) => `Open ${name}`,
    /** @param {string} name */
    close: (name) => `Close ${name}`,
    /** @param {string} name */
    opening: (name) => `${name} is opened.`,
    /** @param {string} name */
    closing: (name) => `${name} is closed.`,
  },
  search: {
    label: "Search",
    hint: "search ( / )",
    title: "Names, operations and roles. Enter: the next one, Shift+Enter: the one before, Escape: clear",
    /** @param {number} at @param {number} count */
    count: (at, count) => (count === 0 ? "none" : at === 0 ? `${count} found` : `${at} of ${count}`),
  },
  streams: {
    label: "What depends on what",
    nothing: "Select a node first.",
    up: { name: "upstream", hint: "Show only what the selected node depends on" },
    down: { name: "downstream", hint: "Show only what depends on the selected node" },
    found: {
      /** @param {string} name @param {number} count */
      up: (name, count) => `${name} depends on ${count} other${count === 1 ? "" : "s"}.`,
      /** @param {string} name @param {number} count */
      down: (name, count) => `${count} other${count === 1 ? " depends" : "s depend"} on ${name}.`,
    },
  },
  paths: {
    title: "Paths",
    from: "Paths from",
    start: "Paths from",
    none: "There is no input that has an adjoint.",
    asking: "…",
    note: "Along a path the local derivatives are multiplied; the paths are added up. Point at a path to see it in the picture.",
    /** @param {string} name */
    selected: (name) => `${name} (selected)`,
    /** @param {string} names */
    inside: (names) => `through the closed group ${names}: open it to see the way`,
    /** @param {string} name @param {string} total */
    total: (name, total) => `Sum of all paths: ${total}, the adjoint of ${name}.`,
    /** @param {number} listed @param {string} total @param {string} name @param {string} adjoint */
    part: (listed, total, name, adjoint) => `Sum of the ${listed} paths that are listed: ${total}. The adjoint of ${name} is ${adjoint}; one sweep finds it without listing any.`,
  },
  cost: {
    title: "Cost",
    methods: "Three ways to the derivatives",
    method: "method",
    sweeps: "sweeps",
    /** @param {number} operations */
    nodes: (operations) => `node evaluations (of ${operations})`,
    scalars: "scalar operations, about",
    cheaper: "cheaper",
    names: { differences: "finite differences", central: "central differences", forward: "forward mode", reverse: "reverse mode" },
    /** @param {number} inputs @param {number} outputs */
    caption: (inputs, outputs) =>
      `All derivatives of ${outputs} output number${outputs === 1 ? "" : "s"} by ${inputs} input number${inputs === 1 ? "" : "s"}`,
  },
  ledger: {
    inPicture: {
      value: "its value is held",
      adjoint: "its adjoint is held",
      tangent: "its tangent is held",
      caller: "the caller holds it anyway",
      faded: "nothing of it is held",
    },
    title: "Memory, step by step",
    held: "Held at this step",
    name: "name",
    what: "array",
    bytes: "bytes",
    why: "why",
    from: "step 0",
    values: "values",
    adjoints: "adjoints",
    tangents: "tangents",
    product: "is summed next, over the broadcast axes",
    summed: "summed now over the broadcast axes, then free",
    result: "the result",
    gradient: "a derivative that was asked for",
    made: "made now, used by nobody",
    kinds: { value: "value", adjoint: "adjoint", tangent: "tangent", product: "product" },
    /** @param {number} steps */
    to: (steps) => `step ${steps}`,
    /** @param {string} bytes */
    peak: (bytes) => `peak ${bytes}`,
    /** @param {number} steps @param {string} peak @param {number} at */
    chart: (steps, peak, at) => `Bytes held at each of the ${steps} steps; most at step ${at}: ${peak}`,
    /** @param {string} peak @param {number} at @param {string} alone @param {string | null} together */
    summary: (peak, at, alone, together) =>
      `Peak: ${peak} at step ${at}. The function alone would hold ${alone} at most.` +
      (together === null ? " The rest waits for the backward pass." : ` Here all values come first; computed each together with its tangent, they would hold ${together} at most.`),
    /** @param {string} bytes */
    caller: (bytes) => `Not counted: ${bytes} of inputs, parameters and constants, which the caller holds anyway.`,
    /** @param {number} step @param {string} bytes @param {number} evaluations @param {number} operations */
    now: (step, bytes, evaluations, operations) =>
      `Step ${step}: ${bytes} held; so far ${evaluations} node evaluation${evaluations === 1 ? "" : "s"}, ${operations} scalar operation${operations === 1 ? "" : "s"}.`,
    /** @param {number} count @param {string} group */
    many: (count, group) => `${count} arrays in ${group}`,
    /** @param {string} name @param {string} group */
    inside: (name, group) => (name === group ? name : `${name} in ${group}`),
    /** @param {string} by */
    usedNow: (by) => `used now for ${by}`,
    /** @param {string} by */
    takenNow: (by) => `used now to compute ${by}`,
    /** @param {string} by */
    neededFor: (by) => `needed for ${by}`,
    /** @param {string} by */
    inputOf: (by) => `needed to compute ${by}`,
    /** @param {string} use */
    free: (use) => `${use}, then free`,
  },
  code: {
    title: "Code",
    none: "There is no code to show: Python kept no source for what made these values, as after exec, or where all of them are a derivative's.",
    cut: "The code goes on: more lines than these are not shown.",
    /** @param {string[]} names */
    makes: (names) => `makes ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`,
    /** @param {string} number @param {string} text @param {string[]} names */
    line: (number, text, names) => `line ${number}: ${text}; ${WORDS.code.makes(names)}`,
  },
  whatif: {
    title: "What if",
    nudge: "Nudge a number",
    node: "Nudge",
    cells: "Which entries",
    largest: "the entry with the largest adjoint",
    all: "all entries",
    epsilon: "Size of the nudge",
    sides: "Direction of the nudge",
    side: { right: "+ε", left: "−ε", central: "±ε" },
    none: "There is no number that could be nudged.",
    /** @param {string} name */
    unable: (name) => `${name} cannot be nudged: it is no float, or several values come out of it.`,
    /** @param {string} name @param {string} output @param {"right" | "left" | "central"} side */
    measured: (name, output, side) => (side === "central" ? `measured: ${output}(${name} + ε) − ${output}(${name} − ε), over 2ε` : `measured Δ${output} / Δ${name}`),
    /** @param {string} name @param {string} output */
    adjoint: (name, output) => `adjoint ∂${output}/∂${name}`,
    /** @param {string} name @param {string} output */
    right: (name, output) => `right adjoint ∂${output}/∂${name}`,
    /** @param {string} array */
    played: (array) => `in this wrong play${array ? `, all of ${array}` : ""}`,
    compared: "The measured number is compared with the right adjoint, not with that of the play that is wrong on purpose.",
    nowhere: "none",
    /** @param {number} step */
    later: (step) => `after step ${step}`,
    error: "relative error",
    digits: "digits that agree",
    nothing: "cannot be measured",
    /** @param {number} digits */
    agreeing: (digits) => `The first ${digits} digit${digits === 1 ? " agrees" : "s agree"}.`,
    across: "ε",
    up: "relative error",
    /** @param {string} one @param {string} error @param {string} two @param {string} other */
    plot: (one, error, two, other) =>
      `Relative error of the difference quotient against ε, on log scales: lowest with a step to one side at ε = ${one} (${error || "none"}), with a step to both sides at ε = ${two} (${other || "none"}).`,
    /** @param {string} name */
    start: (name) => `${name} is nudged by ε.`,
    /** @param {string} name @param {string} ratio */
    moves: (name, ratio) => `${name} moves ${ratio} as much as what is nudged.`,
    checking: "Check by finite differences",
    check: "Check all edges by finite differences",
    running: "Measuring every edge and node …",
    verdict: { agrees: "agrees", kink: "kink", jump: "jump", coarse: "too coarse to tell", unmeasured: "cannot be measured", differs: "differs" },
    counted: { agrees: "agreeing", kink: "at a kink", jump: "at a jump", coarse: "too coarse to tell", unmeasured: "cannot be measured", differs: "differing" },
    heads: ["verdict", "edge or node", "by rule", "measured", "relative error", "why"],
    /** @param {string} edge @param {string} verdict @param {string} measured @param {string} claimed */
    badge: (edge, verdict, measured, claimed) => `${edge}: ${verdict}${measured ? `, measured ${measured}, by rule ${claimed}` : ""}.`,
  },
  flow: {
    title: "Gradient flow",
    controls: "The net",
    names: {
      activation: "activation",
      init: "init",
      weight_var: "weight variance σ_w²",
      bias_var: "bias variance σ_b²",
      depth: "depth",
      width: "width",
      residual: "residual α",
      norm: "norm",
    },
    delta: "Adjoints by layer. Arrow keys move from layer to layer, Enter opens one.",
    weight: "Weight gradients by layer. Arrow keys move from layer to layer, Enter opens one.",
    phase: "Phase diagram. Left and right arrows move the weight variance, up and down the bias variance; a net is measured there.",
    hint: "Click a layer to open it; click in the phase diagram to measure a net there. Arrow keys and Enter do the same.",
    /** @param {number} number */
    layer: (number) => `Layer ${number}`,
    before: "Layer before",
    after: "Next layer",
    close: "Close layer",
    nested: "This notebook shows no widget inside of another one: leave the panel's .explorer as the last line of a cell.",
    page: {
      /** @param {string[]} fixed @param {boolean} all */
      grid: (fixed, all) =>
        all
          ? "This page has no Python behind it: it shows this one net."
          : `This page has no Python behind it: its controls step between nets that were measured beforehand.${fixed.length > 0 ? ` As they are stay: ${fixed.join(", ")}.` : ""}`,
      missing: "This page has no Python behind it, and this net was not measured beforehand.",
      elsewhere: "This page has no Python behind it: it can open layers only of the net that it opened with.",
      /** @param {number[]} layers */
      layers: (layers) =>
        layers.length > 0
          ? `This page has no Python behind it: of this net it can open the layers ${layers.join(", ")}.`
          : "This page has no Python behind it: it carries no open layers.",
    },
  },
  lecture: {
    enter: "Lecture mode",
    leave: "Leave lecture mode",
    entered: "Lecture mode. Escape leaves it, N hides the numbers, a dot blanks the screen.",
    hidden: "The numbers are hidden. Point at a node to see its own, or press N for all.",
    revealed: "The numbers are shown.",
    hint: "What comes next? N shows the numbers.",
    /** @param {number} step @param {number} steps */
    step: (step, steps) => `${step} / ${steps}`,
    link: "Copy a link to this step",
    copied: "The link to this step is copied.",
    address: "The address bar has the link to this step.",
  },
  help: {
    open: "Help",
    title: "Keys and signs",
    close: "Close",
    /** What is shown only where a tool has taken the key `needs`. @type {{title: string, rows: {keys: string[], text: string, needs?: string}[]}[]} */
    keys: [
      {
        title: "The story",
        rows: [
          { keys: ["→", "←"], text: "one step forward, one back" },
          { keys: ["space"], text: "play and pause" },
          { keys: ["Home", "End"], text: "first and last step" },
          { keys: ["double click"], text: "on a node: the step that computes it, then the one that completes its derivative" },
        ],
      },
      {
        title: "The picture",
        rows: [
          { keys: ["Tab"], text: "into the picture, then on to the next control" },
          { keys: ["↑", "↓"], text: "from node to edge to node; in the Code panel from line to line" },
          { keys: ["Enter"], text: "selects the node or edge; on a line of code goes to the step that computes it" },
          { keys: ["Esc"], text: "selects nothing" },
          { keys: ["/"], text: "search for a node", needs: "/" },
          { keys: ["U", "D"], text: "only what the selected node depends on, only what depends on it", needs: "U" },
          { keys: ["+", "−", "0"], text: "larger, smaller, full size", needs: "+" },
          { keys: ["F"], text: "all of the picture at once", needs: "f" },
        ],
      },
      {
        title: "In front of a class",
        rows: [
          { keys: ["L"], text: "lecture mode: the picture fills the screen; L or Esc leaves it", needs: "l" },
          { keys: ["N"], text: "hide and show the numbers; those under the mouse show themselves", needs: "n" },
          { keys: ["Page ↓", "Page ↑"], text: "one step forward, one back, as presenters send them", needs: "PageDown" },
          { keys: [".", "B"], text: "blank the screen", needs: "." },
          { keys: ["?"], text: "this help" },
        ],
      },
    ],
    signs: "Signs",
    /** @type {{sign: string, kind: string, text: string}[]} */
    meanings: [
      { sign: "▲", kind: "value", text: "the value, computed forwards" },
      { sign: "▼", kind: "adjoint", text: "the adjoint: how much the output changes with this value; computed backwards" },
      { sign: "▶", kind: "tangent", text: "the tangent of forward mode" },
      { sign: "∂", kind: "local", text: "the local derivative of an edge: of its end by its start" },
      { sign: "Σ 1/2", kind: "adjoint", text: "1 of 2 consumers has sent its contribution; the adjoint is their sum" },
      { sign: "━", kind: "value", text: "solid: forwards" },
      { sign: "╍", kind: "adjoint", text: "dashed: backwards" },
      { sign: "┈//┈", kind: "cut", text: "dotted, with //: the derivative ends here" },
      { sign: "▌", kind: "plain", text: "a bar at the left: an input" },
      { sign: "▣", kind: "plain", text: "a double border: the output" },
      { sign: "▢", kind: "active", text: "a gold frame: what this step is about" },
    ],
  },
};
