// @ts-check

/** Countersign said no, and will say no again. */
export class Refused extends Error {}

/** It did not answer, or not with something that settles the matter: ask again. */
export class Unanswered extends Error {}

/** What this module calls of Countersign, as the service account that its API key stands for. */
export class Countersign {
  #base;
  #apiKey;

  /**
   * @param {URL} url ends with a slash
   * @param {string} apiKey
   */
  constructor(url, apiKey) {
    this.#base = new URL('api/v1/', url);
    this.#apiKey = apiKey;
  }

  /**
   * Opens the order of an export. Doing it again is safe: the key makes Countersign repeat its first answer for a day,
   * and after that the order is found by its business key.
   * @param {import('./exports.mjs').Export} one
   * @returns {Promise<string>} the order's id
   * @throws {Refused | Unanswered}
   */
  async openOrder(one) {
    const order = {
      businessType: one.businessType,
      businessKey: one.id,
      userCode: one.userCode,
      title: `Export ${one.rows} rows of ${one.dataset}`,
      // Only what a template's conditions look at. Everything else stays here.
      variables: { dataset: one.dataset, rows: one.rows },
    };
    return idOf(await this.#call('POST', 'orders', order, { 'idempotency-key': one.id }));
  }

  /**
   * @param {import('./exports.mjs').Export} one
   * @returns {Promise<string | null>} the id of its order, if it was ever opened
   * @throws {Refused | Unanswered}
   */
  async findOrder({ businessType, id }) {
    const query = new URLSearchParams({ scope: 'team', businessType, businessKey: id });
    const page = /** @type {{ items?: unknown[] }} */ (await this.#call('GET', `orders?${query.toString()}`));
    return page.items?.length ? idOf(page.items[0]) : null;
  }

  /**
   * Answers a callback that was taken over with 202. The same answer twice is welcome.
   * @param {'check' | 'execute'} callback
   * @param {import('./exports.mjs').Answer} answer
   * @throws {Refused | Unanswered}
   */
  async answer(callback, answer) {
    await this.#call('POST', `callbacks/${callback}`, answer);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<unknown>}
   */
  async #call(method, path, body, headers = {}) {
    const what = `${method} ${path}`;
    /** @type {Response} */
    let response;
    /** @type {any} */
    let answer;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers: {
          ...headers,
          'x-api-key': this.#apiKey,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(10_000),
      });
      answer = await response.json().catch(() => null);
    } catch (error) {
      throw new Unanswered(`${what} was not answered`, { cause: error });
    }
    if (response.ok) return answer;
    const said = `${what} was answered ${response.status} ${answer?.code ?? ''}`.trim();
    // 401 is about the key of this module, and no word on the export.
    const passing =
      response.status >= 500 ||
      [401, 408, 429].includes(response.status) ||
      answer?.code === 'request_in_flight';
    throw passing ? new Unanswered(said) : new Refused(answer?.detail ?? said);
  }
}

/** @param {unknown} order */
function idOf(order) {
  const id = /** @type {{ id?: unknown } | null} */ (order)?.id;
  if (typeof id !== 'string' || id === '') throw new Unanswered('the answer holds no order');
  return id;
}
