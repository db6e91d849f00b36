type Json = Readonly<Record<string, unknown>>;

/** A text of JSON, or a number: in JSON that was read before, every quotation mark has its other one. */
const textOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Reads JSON without rounding: whole numbers that JavaScript cannot hold become texts of the same digits. Feishu writes ids
 * and times as int64, now with quotation marks and now without.
 * @returns undefined for what is no JSON
 */
export function readJson(text: string): unknown {
  try {
    const read: unknown = JSON.parse(text);
    if (!/\d{16}/.test(text)) return read;
    return JSON.parse(
      text.replace(textOrNumber, (one) =>
        /^-?\d{16,}$/.test(one) && !Number.isSafeInteger(Number(one)) ? `"${one}"` : one,
      ),
    );
  } catch {
    return undefined;
  }
}

/** @returns null for whatever is no object */
export const objectOf = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;

/** The objects of a list; what is none is left out. */
export const objectsOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.map(objectOf).filter((one) => one !== null) : [];
