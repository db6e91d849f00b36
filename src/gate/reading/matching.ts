import type { ActionRule, Match, Verdict } from '../rules.js';
import type { OriginalRequest } from './original.js';

export function judgeHead(_actions: readonly ActionRule[], _original: OriginalRequest): Verdict {
  throw new Error('not yet');
}

export function chooseMatch(_matches: readonly Match[], _team: string | null): Match | null {
  throw new Error('not yet');
}
