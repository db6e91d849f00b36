import { classify } from '../database/errors.js';

const maxAttempts = 3;

/**
 * Runs a create-or-replace again when somebody else made, or took away, one of its rows between its look and its
 * write: the next attempt finds what is there now. A PUT has no reason to answer 409 for that.
 */
export async function settle<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const kind = classify(error);
      if ((kind !== 'duplicate' && kind !== 'reference') || attempt === maxAttempts) throw error;
    }
  }
}
