/**
 * Reads JSON for people who approve by it: numbers that JavaScript would round stand as texts, in the letters in which
 * they came.
 * @returns undefined for what is no JSON, and where an object says a name twice: readers differ about which one counts
 */
export function exactJson(text: string): unknown {
  let names = 0;
  try {
    JSON.parse(text);
    const exact = text.replaceAll(
      /"[^"\\]*(?:\\[\s\S][^"\\]*)*"(\s*:)?|-?\d[\d.Ee+-]*/g,
      (token, colon: string | undefined) => {
        if (colon !== undefined) names += 1;
        return token.startsWith('"') || String(Number(token)) === token ? token : JSON.stringify(token);
      },
    );
    const value: unknown = JSON.parse(exact);
    return namesIn(value) === names ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Without recursion: JSON nests deeper than the stack. */
function namesIn(value: unknown): number {
  let names = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) names += Object.keys(next).length;
    for (const inner of Object.values(next)) waiting.push(inner);
  }
  return names;
}
