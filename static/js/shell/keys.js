/** Every key of the page and what it does: the keyboard and its help read the same list. */

/** @typedef {{title: string, keys: {keys: string[], does: string, verb?: string}[]}} Keys */

/** @type {Keys[]} */
export const KEYS = [
  {
    title: "Move",
    keys: [
      { keys: ["↑", "↓"], does: "the cursor; with a detail open, to the next one" },
      { keys: ["Home", "End"], does: "to the first, the last row" },
      { keys: ["Enter"], does: "open the detail" },
      { keys: ["Esc"], does: "close the detail, the selection, the filter" },
      { keys: ["←", "→"], does: "fold, unfold what is below (tree)" },
      { keys: ["G", "P"], does: "go to the processes" },
      { keys: ["G", "O"], does: "go to the pools" },
      { keys: ["G", "R"], does: "go to the programs" },
      { keys: ["G", "E"], does: "go to the events" },
    ],
  },
  {
    title: "Find, select, launch",
    keys: [
      { keys: ["/"], does: "filter" },
      { keys: ["V"], does: "flat list or tree" },
      { keys: ["X"], does: "select the row, or not" },
      { keys: ["Shift", "↓"], does: "select on" },
      { keys: ["L"], does: "launch" },
      { keys: ["N"], does: "open a pool, submit a job, run a program: what fits the page" },
      { keys: ["?"], does: "this list" },
    ],
  },
  {
    title: "Act on the selected ones, or the one at the cursor",
    keys: [
      { keys: ["S"], does: "stack", verb: "stack" },
      { keys: ["T"], does: "terminate", verb: "terminate" },
      { keys: ["K"], does: "kill", verb: "kill" },
      { keys: ["J"], does: "join", verb: "join" },
      { keys: ["P"], does: "suspend, or resume", verb: "suspend" },
      { keys: ["R"], does: "restart", verb: "restart" },
      { keys: ["C"], does: "close", verb: "close" },
    ],
  },
];
