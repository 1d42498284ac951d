/** The fields of a program of one's own, and how a command is read.  Pure. */

export const OWN = [
  { name: "command", label: "Command", type: "str", default: "", wide: true, placeholder: "python train.py --epochs 3", pattern: /\S/, pattern_help: "must not be empty",
    help: "words as a shell would split them; no shell reads it" },
  { name: "cwd", label: "Folder", type: "str", default: "", optional: true, wide: true, placeholder: "/home/me/project", help: "where it is run" },
  { name: "env", label: "Environment", type: "str", default: "", optional: true, wide: true, placeholder: "OMP_NUM_THREADS=1 DEBUG=yes",
    pattern: /^\s*([A-Za-z_]\w*=("[^"]*"|'[^']*'|\S*)\s*)*$/, pattern_help: "must be NAME=value, with blanks between", help: "added to the environment of Procession" },
  { name: "name", label: "Name", type: "str", default: "", optional: true, wide: true, placeholder: "as the script is called", help: "shown in the lists" },
];

export const OPTIONS = [
  { name: "track_owners", label: "Note who holds each lock", type: "bool", default: false, help: "survives where memory cannot be read; a lock costs up to three times as much" },
  { name: "safe_pool", label: "Safe pools", type: "bool", default: false, help: "multiprocessing.Pool becomes ours, whose workers can be killed without losing the pool" },
];

/** Words as a shell splits them: blanks part, quotes and backslashes keep together. @param {string} line @returns {string[]} */
export function split(line) {
  const words = [];
  let word = null;
  for (const [, single, double, escaped, blank, plain] of line.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|([^\s'"\\]+|.)/gs)) {
    if (blank !== undefined) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain);
  }
  return word === null ? words : [...words, word];
}

/** `A=1 B="two words"` as an object @param {string} text */
export const readEnv = (text) => Object.fromEntries(split(text).map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]));
