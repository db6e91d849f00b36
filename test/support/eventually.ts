import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until an answer will do. The deadline is only there to end a test that would never end: machines
 * may be slow.
 * @throws Error telling the last answer
 */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  willDo: (answer: T) => boolean,
  deadline: number = 30_000,
): Promise<T> {
  const end = Date.now() + deadline;
  for (;;) {
    const answer = await ask();
    if (willDo(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`still not as expected: ${JSON.stringify(answer)?.slice(0, 2_000)}`);
    await pause(20);
  }
}
