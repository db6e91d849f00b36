/**
 * The patterns of `like`: `%` stands for any run of characters, `_` for exactly one (one code point), a backslash takes the
 * special meaning from the character after it. Case-sensitive, like every comparison of strings here; blanks at the end count.
 */
export interface LikePattern {
  /**
   * The pieces between the `%` signs, each a list of code points and `ANY_CHARACTER`. One piece: no `%`. The first piece is
   * bound to the start of the text, the last to its end; either may be empty.
   */
  readonly pieces: readonly Piece[];
}

type Piece = readonly number[];

/** Stands in a piece for `_`. */
const ANY_CHARACTER = -1;

/** Bits in one word of the search state; 31, so that a word shifted left by one still fits 32 bits. */
const WORD_BITS = 31;
const WORD_MASK = 0x7fffffff;

/** Reads a pattern; every string is one. A backslash at the very end stands for itself, as in MariaDB. */
export function compileLike(pattern: string): LikePattern {
  const pieces: number[][] = [];
  let piece: number[] = [];
  const characters = codePoints(pattern);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!;
    if (character === 0x25 /* % */) {
      pieces.push(piece);
      piece = [];
    } else if (character === 0x5f /* _ */) {
      piece.push(ANY_CHARACTER);
    } else if (character === 0x5c /* \ */ && index + 1 < characters.length) {
      index++;
      piece.push(characters[index]!);
    } else {
      piece.push(character);
    }
  }
  pieces.push(piece);
  return { pieces };
}

/**
 * Says whether the whole text fits the pattern.
 *
 * The text is scanned once from left to right, taking each piece where it is first found; there is nothing to go back to.
 * Cost: text length × (1 + longest piece / 31) simple steps, whatever the pattern and the text are.
 */
export function matchesLike(text: string, { pieces }: LikePattern): boolean {
  const characters = codePoints(text);
  const first = pieces[0]!;
  if (pieces.length === 1) return characters.length === first.length && fitsAt(characters, 0, first);

  const last = pieces[pieces.length - 1]!;
  const end = characters.length - last.length;
  if (end < first.length || !fitsAt(characters, 0, first) || !fitsAt(characters, end, last)) return false;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    position = findPiece(characters, position, end, piece);
    if (position < 0) return false;
  }
  return true;
}

function fitsAt(text: Uint32Array, position: number, piece: Piece): boolean {
  return piece.every((wanted, index) => wanted === ANY_CHARACTER || wanted === text[position + index]);
}

/**
 * Finds the first place in `text[start, end)` where the piece fits and returns the position after it, or -1.
 *
 * Shift-And (Baeza-Yates and Gonnet): bit n of the state says that the last n + 1 characters fit the first n + 1 of the
 * piece. Unlike trying every start it cannot be driven to text × pattern by 'aaaa…' against '%aaaa…b%', and unlike
 * Knuth-Morris-Pratt it copes with `_`.
 */
function findPiece(text: Uint32Array, start: number, end: number, piece: Piece): number {
  if (piece.length === 0) return start;
  const words = Math.ceil(piece.length / WORD_BITS);
  const { masks, otherwise } = searchMasks(piece, words);
  const state = new Int32Array(words);
  const lastWord = words - 1;
  const lastBit = 1 << ((piece.length - 1) % WORD_BITS);
  for (let position = start; position < end; position++) {
    const mask = masks.get(text[position]!) ?? otherwise;
    let carry = 1;
    for (let word = 0; word < words; word++) {
      const bits = state[word]!;
      state[word] = ((bits << 1) | carry) & mask[word]! & WORD_MASK;
      carry = bits >>> (WORD_BITS - 1);
    }
    if (state[lastWord]! & lastBit) return position + 1;
  }
  return -1;
}

/** For each character of the piece the set of places it fits; `otherwise` is the set for all other characters: the `_`. */
function searchMasks(piece: Piece, words: number): { masks: Map<number, Int32Array>; otherwise: Int32Array } {
  const otherwise = new Int32Array(words);
  piece.forEach((wanted, index) => {
    if (wanted === ANY_CHARACTER) setBit(otherwise, index);
  });
  const masks = new Map<number, Int32Array>();
  piece.forEach((wanted, index) => {
    if (wanted === ANY_CHARACTER) return;
    const mask = masks.get(wanted) ?? otherwise.slice();
    setBit(mask, index);
    masks.set(wanted, mask);
  });
  return { masks, otherwise };
}

function setBit(mask: Int32Array, index: number): void {
  const word = Math.floor(index / WORD_BITS);
  mask[word] = mask[word]! | (1 << (index % WORD_BITS));
}

function codePoints(text: string): Uint32Array {
  const points = new Uint32Array(text.length);
  let count = 0;
  for (let index = 0; index < text.length; count++) {
    const point = text.codePointAt(index)!;
    points[count] = point;
    index += point > 0xffff ? 2 : 1;
  }
  return points.subarray(0, count);
}
