/* oxlint-disable no-restricted-globals, no-restricted-properties -- the engine is pure, its tests look elsewhere every time */
import { afterAll } from 'vitest';

/**
 * How long the properties look, and where: FC_RUNS random cases each, from FC_SEED. Without one every run of the suite looks
 * elsewhere; the seed is printed, so that what it found can be found again.
 */
export const runs = {
  numRuns: Number(process.env.FC_RUNS || 3000),
  seed: Number(process.env.FC_SEED || Date.now() % 2 ** 31),
};

/** What the properties of one file went through. */
export const told = { orders: 0, commands: 0, allowed: 0 };

/** Prints it when the file is through, failed or not. */
export function tellAfterwards(name: string): void {
  afterAll(() => {
    const { orders, commands, allowed } = told;
    process.stdout.write(
      `${name}: seed ${runs.seed}, ${runs.numRuns} runs each, ${orders} orders, ${commands} commands, ${allowed} of them allowed\n`,
    );
  });
}
