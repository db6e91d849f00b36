import { once } from 'node:events';
import type { Behaviour, ReceivedCall } from './business-module.js';
import { eventually } from './eventually.js';

/** A call that a business module has received and not answered yet. */
export interface HeldCall {
  readonly call: ReceivedCall;
  /** Answers as the behaviour says; resolves when the answer has been handed to the network, or nobody hears it. */
  answer(behaviour: Behaviour): Promise<void>;
}

/** A behaviour that holds every call until it is told how to answer it. */
export interface HeldCalls {
  readonly behaviour: Behaviour;
  /** In the order in which they came; answered ones stay. */
  readonly calls: readonly HeldCall[];
  /** Resolves when so many have come. */
  came(count: number): Promise<void>;
  /** Answers all that have come. */
  answerAll(behaviour: Behaviour): Promise<void>;
}

export function holdCalls(): HeldCalls {
  const calls: HeldCall[] = [];
  return {
    calls,
    came: async (count) => {
      await eventually(
        () => calls.length,
        (arrived) => arrived >= count,
      );
    },
    answerAll: async (behaviour) => {
      await Promise.all(calls.map((call) => call.answer(behaviour)));
    },
    behaviour: (call, response) =>
      new Promise((resolve) => {
        calls.push({
          call,
          answer: async (behaviour) => {
            if (response.closed) return;
            const over = Promise.race([once(response, 'finish'), once(response, 'close')]);
            resolve(behaviour(call, response));
            await over;
          },
        });
      }),
  };
}
