// Every text of the exercises that a person can read, in one table; what is known of mistakes comes from Python.

export const EXERCISE = {
  /** @param {string} title */
  region: (title) => `Exercise: ${title}`,
  goal: "Goal",
  stage: "Picture of the graph; it can be scrolled",
  words: "The graph in words",
  code: "Code",
  given: "Worked already",
  questions: "Questions",
  empty: "This page carries no exercise.",
  check: "Check",
  /** What "Check" is called for who does not see where it stands. @param {string} key */
  checkOf: (key) => `Check ${key}`,
  checkAll: "Check all",
  keepIt: "Keep and compare",
  hint: "Next hint",
  /** @param {string} key */
  hintOf: (key) => `Next hint for ${key}`,
  hints: "Hints",
  signs: { right: "✓", wrong: "✗", unread: "…", note: "!", open: "" },
  /** @param {number} right @param {number} of */
  score: (right, of) => `${right} of ${of} right`,
  /** @param {number} right @param {number} of @param {string} first */
  summary: (right, of, first) => `${right} of ${of} right.${first ? ` ${first}` : ""}`,
  done: "All right.",
  number: "3/4 or 0.75",
  vector: "[1, 2, 3]",
  matrix: "[[1, 2], [3, 4]]",
  /** @param {string} shape @param {string} example */
  shape: (shape, example) => `An array of shape ${shape}, written as ${example}.`,
  notes: {
    kernel: "Numbers may be decimals (four digits are enough), fractions such as 3/4, or expressions such as 2*(1 - 0.5)**2.",
    page: "Numbers may be decimals (four digits are enough) or fractions such as 3/4. This page has no Python behind it: an expression such as 2*(1 - 0.5)**2 needs Python.",
  },
  order: {
    pool: "Not placed yet",
    placed: "Your order",
    none: "Nothing is placed yet.",
    all: "Everything is placed.",
    click: "A click on a node in the picture places it, too.",
    /** @param {string} text */
    add: (text) => `Place ${text}`,
    /** @param {string} text @param {number} place */
    added: (text, place) => `${text} is number ${place}.`,
    /** @param {string} text @param {number} place */
    up: (text, place) => `Move ${text} up, now number ${place}`,
    /** @param {string} text @param {number} place */
    down: (text, place) => `Move ${text} down, now number ${place}`,
    /** @param {string} text */
    remove: (text) => `Take ${text} out`,
    /** @param {string} text */
    removed: (text) => `${text} is taken out.`,
    upSign: "↑",
    downSign: "↓",
    removeSign: "×",
  },
  checked: {
    /** @param {string} expects @param {string} key */
    how: (expects, key) => `This is answered in Python, with ${expects}: ex.check({${key}: …}).`,
    comment: "in Python",
  },
  text: "Your words are kept, not graded.",
  answers: "Your answers as Python",
  copyAnswers: "Copy answers",
  state: "Where you are",
  /** @param {string} again */
  stateNote: (again) => `Pasted into a cell, it is where ex = ${again} goes on, on any machine.`,
  copyState: "Copy state",
  copied: "Copied.",
  copyByHand: "The text is selected: copy it with Ctrl+C.",
  kernel: {
    late: "Python does not answer. It is busy, or it was restarted: then run this cell again. Your answers below can be copied.",
    closed: "This exercise was closed.",
  },
  judged: {
    none: "There is no answer yet.",
    /** @param {string} told */
    right: (told) => `${told} is right.`,
    /** @param {string} told */
    sign: (told) => `${told} has the right size and the wrong sign.`,
    /** @param {string} told */
    close: (told) => `${told} is close, but a fraction or an expression must be exact: write its result as a decimal; four digits are enough.`,
    /** @param {string} told */
    wrong: (told) => `${told} is not right.`,
    /** @param {string} got @param {string} wanted */
    shape: (got, wanted) => `Your answer has the shape ${got}, and what is asked for has the shape ${wanted}.`,
    /** @param {string} got */
    one: (got) => `Your answer has the shape ${got}, and one number is asked for.`,
    /** @param {string} told @param {string} wanted */
    alone: (told, wanted) => `${told} is one number, and what is asked for has the shape ${wanted}.`,
    /** @param {string} right @param {string} yours */
    shown: (right, yours) => `It is ${right}, and you wrote ${yours}.`,
    /** @param {string} one @param {string} two */
    which: (one, two) => `Two mistakes give this very number here. Was it “${one}” or “${two}”?`,
    rows: "The rows of a list must be equally long.",
    /** @param {string} example */
    brackets: (example) => `Several numbers go into [ ], as in ${example}; decimals have a point.`,
    list: "Something is missing in this list: write it as [1, 2] or [[1, 2], [3, 4]].",
    python: "This cannot be read here: write a decimal, or a fraction such as 3/4. An expression needs Python; copy the answer and check it there.",
    /** @param {string} text */
    option: (text) => `“${text}” is right.`,
    /** @param {string} text */
    notOption: (text) => `“${text}” is not right.`,
    all: "All of them, and no other: right.",
    /** @param {string} text */
    surplus: (text) => `“${text}” does not belong to them.`,
    /** @param {number} count */
    lacking: (count) => `${count} of them ${count === 1 ? "is" : "are"} missing.`,
    /** @param {string} text */
    nowhere: (text) => `“${text}” has no place here.`,
    /** @param {string[]} keys @param {boolean} secret whether it must not be told which */
    left: (keys, secret) => `${keys.length} ${keys.length === 1 ? "is" : "are"} missing${secret ? "" : `: ${keys.join(", ")}`}.`,
    order: "A right order.",
    /** @param {string} model */
    compare: (model) => `Compare with: ${model}`,
    kept: "Kept.",
    checked: "This one needs Python.",
  },
};
