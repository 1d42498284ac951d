/** All keyboard shortcuts, for the keyboard and its help. */

/** @typedef {{title: string, keys: {keys: string[], does: string, verb?: string}[]}} Keys */

/** @type {Keys[]} */
export const KEYS = [
  {
    title: "Navigate",
    keys: [
      { keys: ["↑", "↓"], does: "move the cursor" },
      { keys: ["Home", "End"], does: "first or last row" },
      { keys: ["Enter"], does: "open details" },
      { keys: ["Esc"], does: "close details, clear selection or filter" },
      { keys: ["←", "→"], does: "collapse or expand (tree)" },
      { keys: ["G", "P"], does: "go to processes" },
      { keys: ["G", "O"], does: "go to pools" },
      { keys: ["G", "R"], does: "go to programs" },
      { keys: ["G", "E"], does: "go to events" },
    ],
  },
  {
    title: "Find, select, launch",
    keys: [
      { keys: ["/"], does: "filter" },
      { keys: ["V"], does: "switch between list and tree" },
      { keys: ["X"], does: "select or deselect the row" },
      { keys: ["Shift", "↓"], does: "extend the selection" },
      { keys: ["L"], does: "launch a process" },
      { keys: ["N"], does: "open a pool, submit a job or run a program, depending on the page" },
      { keys: ["?"], does: "show this help" },
    ],
  },
  {
    title: "Act on the selection or the current row",
    keys: [
      { keys: ["S"], does: "show the stack", verb: "stack" },
      { keys: ["T"], does: "terminate", verb: "terminate" },
      { keys: ["K"], does: "kill", verb: "kill" },
      { keys: ["J"], does: "join", verb: "join" },
      { keys: ["P"], does: "suspend or resume", verb: "suspend" },
      { keys: ["R"], does: "restart", verb: "restart" },
      { keys: ["C"], does: "close", verb: "close" },
    ],
  },
];
