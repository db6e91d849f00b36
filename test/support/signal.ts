/** Something that happens once, for tests that have to meet inside of transactions. */
export interface Signal<T = void> {
  readonly happened: Promise<T>;
  give(value: T): void;
}

export function signal<T = void>(): Signal<T> {
  let give!: (value: T) => void;
  const happened = new Promise<T>((resolve) => {
    give = resolve;
  });
  return { happened, give };
}

/** Lets through when as many have arrived as were announced; latecomers pass. */
export function meeting(size: number): () => Promise<void> {
  const complete = signal();
  let arrived = 0;
  return () => {
    arrived += 1;
    if (arrived >= size) complete.give();
    return complete.happened;
  };
}

/**
 * Asks again until the answer is yes; for what only the database can tell, such as that a session waits for a lock.
 * @throws Error naming `what` after about ten seconds
 */
export async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (let asked = 0; asked < 1_000; asked++) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`in vain: ${what}`);
}
