// The words of the front end: what the payload holds, what a step shows, and what a panel may ask of its explorer.

/**
 * @typedef {object} PayloadNode
 * @property {number} id
 * @property {string} name
 * @property {string} kind
 * @property {string} role
 * @property {boolean} reached
 * @property {number} consumers
 * @property {boolean} editable
 * @property {boolean} differentiable
 * @property {boolean} output
 * @property {string | null} value Null for a group with several outgoing values.
 * @property {string} value_text
 * @property {string | null} adjoint
 * @property {string | null} adjoint_text
 * @property {string | null} tangent
 * @property {string | null} tangent_text
 * @property {string | null} source
 * @property {string} operation "sin", "+ 1", "12 operations" for a group; "" for inputs and constants
 * @property {string} shape "" for scalars, else "(2, 3)"
 * @property {string} dtype
 * @property {number | null} frame Id of the innermost expanded group around it.
 *
 * @typedef {object} PayloadFrame An expanded group.
 * @property {number} id
 * @property {string} name
 * @property {string} label
 * @property {number | null} frame Id of the frame around it.
 *
 * @typedef {object} PayloadEdge
 * @property {string} name "x->u", or "x->u#1" where several edges join the same two nodes
 * @property {number} index
 * @property {number} input
 * @property {number} consumer
 * @property {number} argnum
 * @property {boolean} active
 * @property {boolean} cut
 * @property {string | null} local
 * @property {string | null} local_text
 * @property {string | null} contribution
 * @property {string | null} contribution_text
 *
 * @typedef {object} PayloadStep
 * @property {"value" | "seed" | "contribution" | "sum" | "tangent" | "update" | "zero"} kind A sum, over broadcast axes, follows a contribution.
 * @property {number} node
 * @property {number | null} edge
 * @property {string | null} adjoint
 * @property {string | null} adjoint_text
 * @property {number} reported
 * @property {boolean} complete
 * @property {string} narration
 * @property {string | null} [value] An update's new value.
 * @property {string | null} [value_text]
 *
 * @typedef {object} Payload
 * @property {number} version
 * @property {string} title
 * @property {string} alt
 * @property {"reverse" | "forward"} mode
 * @property {string} svg The complete picture; empty where the page already shows it.
 * @property {string} intro
 * @property {PayloadNode[]} nodes
 * @property {PayloadEdge[]} edges
 * @property {PayloadStep[]} steps
 * @property {PayloadFrame[]} frames
 * @property {Look} look How the graph is looked at; only what departs from the default.
 * @property {any} looks Which looks there are to choose from (see graphviz_ad/widget/look.py).
 * @property {Record<string, Slider>} sliders Inputs whose pictures were computed beforehand.
 * @property {any} wrong A deliberately wrong algorithm that this story plays; null for the right one.
 * @property {any} training The iteration of a training that this story shows; null where nothing is trained.
 * @property {[kind: string, half: string, end: string][]} scales What the colours of heat maps stand for.
 * @property {boolean} live
 * @property {string | null} frozen Why the inputs cannot be changed; null where they can.
 * @property {string} notice
 *
 * @typedef {"forward" | "backward" | "tangent" | "done"} Phase
 *
 * @typedef {object} NodeState
 * @property {boolean} value Is the value revealed?
 * @property {boolean} adjoint Is the adjoint final?
 * @property {string | null} accumulator What the adjoint's or tangent's slot shows; null while nothing has arrived.
 * @property {boolean} tangent Is the tangent final?
 * @property {number} reported
 * @property {{value: string, text: string}} [updated] In training: a parameter's new value, exact and for people.
 * @property {string} [zeroed] In training: what the adjoint's slot shows after the zeroing.
 *
 * @typedef {object} State
 * @property {number} step
 * @property {Phase} phase
 * @property {string} narration
 * @property {Map<number, NodeState>} nodes by id
 * @property {Set<number>} locals indices of the edges whose local derivative is revealed
 * @property {Set<number>} contributions indices of the edges whose contribution is revealed
 * @property {number | null} activeNode
 * @property {number | null} activeEdge
 * @property {Set<number>} feeding indices of the edges that bring the active node its value, or add to its tangent
 *
 * @typedef {object} Model What anywidget gives us, and what `standIn` imitates.
 * @property {(key: string) => any} get
 * @property {(key: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(name: string, callback: (...args: any[]) => void) => void} on
 * @property {(name: string, callback: (...args: any[]) => void) => void} off
 * @property {(content: unknown) => void} send
 * @property {{get_model: (id: string) => Promise<Model>}} [widget_manager] In a notebook: where other models are found.
 *
 * @typedef {object} Edit A person's new text for one input; the nonce makes equal edits distinct.
 * @property {string} name
 * @property {string} text
 * @property {number} nonce
 *
 * @typedef {object} Slider The values that an input may take in a page without a kernel.
 * @property {string[]} values exact
 * @property {string[]} texts for people
 *
 * @typedef {Record<string, any>} Look {mode, seed, wrong, labels, open, closed, …}, see graphviz_ad/widget/look.py
 *
 * @typedef {{node: number} | {edge: number}} Selection A node by its id, or an edge by its index.
 *
 * @typedef {object} Answer
 * @property {any} data
 * @property {DataView[]} buffers
 *
 * @typedef {"payload" | "step" | "selection" | "open"} Change What a panel is told: a new graph, another step,
 *   another selection, or that its own tab was opened.
 *
 * @typedef {object} Panel One tab of the explorer.
 * @property {string} key Unique; also the name of the tab in tests.
 * @property {string} title
 * @property {HTMLElement} element
 * @property {(change: Change) => void} update Called for the open panel; "payload" also for closed ones.
 * @property {() => boolean} [offered] Whether the tab is shown for the present payload; left out: always.
 * @property {() => void} [leave] Its tab was closed, or another one opened: marks in the picture go.
 *
 * @typedef {object} Tool What stands in the tools row, left or right.
 * @property {HTMLElement} element
 * @property {(change: Change) => void} update Called at every change.
 *
 * @typedef {object} Host What an explorer gives to its panels and tools.
 * @property {Payload} payload
 * @property {State} state
 * @property {number} step
 * @property {Selection | null} selection
 * @property {Model} model
 * @property {string} id A unique prefix for the ids of elements.
 * @property {AbortSignal} signal For every addEventListener: it aborts when the view is closed.
 * @property {HTMLElement} root
 * @property {HTMLElement} stage Where the picture stands.
 * @property {import("./picture.js").Picture} picture
 * @property {(step: number) => void} go A person's step: gates may hold it, and playing stops.
 * @property {(selection: Selection | null) => void} select
 * @property {(question: string) => Promise<Answer>} ask
 * @property {(change: Look) => void} look Merges a change into the look; null takes a key away.
 * @property {(name: string, text: string) => void} edit Sets a scalar input to what a person wrote.
 * @property {(words: string) => void} say Announces a sentence.
 * @property {(ids: Iterable<number>, mark: string) => void} mark Gives exactly these nodes a class in the picture.
 * @property {(indices: Iterable<number>, mark: string) => void} markEdges The same for edges.
 * @property {((from: number, to: number) => boolean)[]} gates Each may hold a person's step back by returning true.
 * @property {((to: number) => boolean)[]} beyond Each may take over a step before the first or after the last, by
 *   returning true: the story goes on in another payload.
 * @property {(key: string | null) => void} openTab Null closes the panel that is open.
 * @property {() => () => void} [refit] Gives the picture the size that its place has room for; what it returns brings
 *   back the size from before.
 * @property {string[]} keysTaken Keys that tools answer to, for the help panel.
 * @property {((event: KeyboardEvent) => boolean)[]} keys Each may answer a key by returning true.
 *
 * @typedef {object} FlowControl One control of the gradient flow panel.
 * @property {string} name
 * @property {"slider" | "choice"} kind
 * @property {string[]} keys What stands for its values on their way to Python.
 * @property {string[]} texts
 * @property {number} at The value that the net has.
 * @property {string} text What is said instead where it has none; else empty.
 * @property {number[]} [places] Where its values stand in the phase diagram, px.
 *
 * @typedef {object} FlowPayload What the gradient flow panel shows, see graphviz_ad/gradflow/panel.py.
 * @property {string} title
 * @property {Record<string, string>} plots "delta", "weight" and "phase", as SVG
 * @property {Record<string, string>} readings
 * @property {FlowControl[]} controls
 * @property {number} depth
 * @property {boolean} live
 * @property {string[]} [axes] In a page: the controls that can be turned.
 * @property {number[]} [layers] In a page: the layers that can be opened.
 *
 * @typedef {object} FlowWish What a person wants: values of controls, or an open layer (0: none).
 * @property {number} nonce
 * @property {Record<string, string>} [values]
 * @property {number} [layer]
 */

export {};
