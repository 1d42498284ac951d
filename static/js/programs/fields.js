/** The fields of the user's own program, and how its command is parsed.  Pure. */

export const OWN = [
  { name: "command", label: "Command", type: "str", default: "", wide: true, placeholder: "python train.py --epochs 3", pattern: /\S/, pattern_help: "must not be empty",
    help: "Split like a shell, but not run in one" },
  { name: "cwd", label: "Folder", type: "str", default: "", optional: true, wide: true, placeholder: "/home/me/project", help: "working directory" },
  { name: "env", label: "Environment", type: "str", default: "", optional: true, wide: true, placeholder: "OMP_NUM_THREADS=1 DEBUG=yes",
    pattern: /^\s*([A-Za-z_]\w*=("[^"]*"|'[^']*'|\S*)\s*)*$/, pattern_help: "must be NAME=value pairs, separated by spaces", help: "added to the environment of Procession" },
  { name: "name", label: "Name", type: "str", default: "", optional: true, wide: true, placeholder: "defaults to the script name", help: "" },
];

export const OPTIONS = [
  { name: "track_owners", label: "Record lock holders", type: "bool", default: false, help: "works where process memory cannot be read; locks take up to three times as long" },
  { name: "safe_pool", label: "Safe pools", type: "bool", default: false, help: "replaces multiprocessing.Pool by procession.Pool, whose workers can be killed without losing the pool" },
];

/** Split a command line as a shell does, with quotes and backslashes. @param {string} line @returns {string[]} */
export function split(line) {
  const words = [];
  let word = null;
  for (const [, single, double, escaped, space, plain] of line.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|([^\s'"\\]+|.)/gs)) {
    if (space !== undefined) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain);
  }
  return word === null ? words : [...words, word];
}

/** Parse `A=1 B="two words"`. @param {string} text */
export const readEnv = (text) => Object.fromEntries(split(text).map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]));
