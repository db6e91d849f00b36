import { classify, DatabaseUnavailable } from './errors.js';

const maxAttempts = 5;

/**
 * Runs a create-or-replace again when somebody else made, or took away, one of its rows between its look and its
 * write: the next attempt finds what is there now. A PUT has no reason to answer 409 for that.
 * @throws DatabaseUnavailable when that goes on and on.
 */
export async function settle<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const kind = classify(error);
      if (kind !== 'duplicate' && kind !== 'reference') throw error;
      if (attempt === maxAttempts) {
        throw new DatabaseUnavailable(`${maxAttempts} attempts met rows of others`, false, { cause: error });
      }
    }
  }
}
