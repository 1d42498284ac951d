/** Checks an input against the description of its parameter.  Pure; the server checks again. */

const WHOLE = new Set(["int", "integer"]);
const NUMBER = new Set(["int", "integer", "float", "number"]);

/**
 * @param {{name: string, type: string, minimum?: number|null, maximum?: number|null, choices?: any[]|null, optional?: boolean,
 *   default?: any}} parameter
 * @param {string|boolean} typed @returns {{value?: any, problem?: string}} no value if an optional input is empty
 */
export function check(parameter, typed) {
  if (typeof typed === "boolean") return { value: typed };
  const text = typed.trim();
  if (!text && parameter.optional) return {};
  if (parameter.choices?.length) return choice(parameter, text);
  if (NUMBER.has(parameter.type)) return number(parameter, text);
  if (parameter.type === "json-list" || parameter.type === "json-object") return json(parameter, text);
  if (parameter.pattern && !parameter.pattern.test(text)) return { problem: parameter.pattern_help };
  if (!text && parameter.default !== "") return { problem: "must not be empty" };
  return { value: typed };
}

/** The allowed values: "an integer from 1 to 100" @param {object} parameter */
function allowed(parameter) {
  const kind = WHOLE.has(parameter.type) ? "an integer" : "a number";
  const range = bounds(parameter);
  return range.includes(" to ") ? `${kind} from ${range}` : [kind, range].filter(Boolean).join(", ");
}

/** The allowed range as a hint: "1 to 100" @param {object} parameter */
export function bounds({ minimum = null, maximum = null }) {
  if (minimum !== null && maximum !== null) return `${figure(minimum)} to ${figure(maximum)}`;
  return minimum === null ? (maximum === null ? "" : `at most ${figure(maximum)}`) : `at least ${figure(minimum)}`;
}

const figure = (value) => value.toLocaleString("en", { maximumFractionDigits: 6 });

function number(parameter, text) {
  const value = Number(text.replaceAll(/[\s_](?=\d)/g, ""));
  const { minimum = null, maximum = null } = parameter;
  const fits = text !== "" && Number.isFinite(value) && (!WHOLE.has(parameter.type) || Number.isSafeInteger(value));
  const inside = (minimum === null || value >= minimum) && (maximum === null || value <= maximum);
  return fits && inside ? { value } : { problem: `must be ${allowed(parameter)}` };
}

function choice({ choices }, text) {
  const value = choices.find((one) => String(one) === text);
  return value === undefined ? { problem: `must be one of ${choices.join(", ")}` } : { value };
}

function json({ type }, text) {
  const list = type === "json-list";
  const wanted = list ? 'a JSON array, such as ["disk", 3]' : 'a JSON object, such as {"retries": 2}';
  if (!text) return { value: list ? [] : {} };
  try {
    const value = JSON.parse(text);
    const fits = list ? Array.isArray(value) : value !== null && typeof value === "object" && !Array.isArray(value);
    return fits ? { value } : { problem: `must be ${wanted}` };
  } catch (error) {
    return { problem: `must be ${wanted}; invalid JSON: ${error.message}` };
  }
}
