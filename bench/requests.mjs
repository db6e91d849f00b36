// @ts-check
/** What the load generator sends: distinct requests, made from a plan that fits into a message between processes. */

/**
 * @typedef {object} OpenPlan
 * @property {'open'} kind
 * @property {string[]} tokens of the applicants
 * @property {string[]} businessTypes
 */
/**
 * Decides orders one after the other: each connection takes an order and decides all of its steps in sequence, so that
 * any stretch of time holds as many first, second and last decisions.
 * @typedef {object} DecidePlan
 * @property {'decide'} kind
 * @property {string[]} orders ids of orders whose first step is open
 * @property {string[][]} tokens for order `i`, the tokens of its reviewers step by step are `tokens[i % tokens.length]`
 */
/**
 * @typedef {object} TodoPlan
 * @property {'todo'} kind
 * @property {string[]} tokens of the reviewers
 * @property {string[]} cursors pages of the list asked for in turn; '' is the first page
 */
/**
 * Requests to what stands behind a proxy, or to itself.
 * @typedef {object} PassPlan
 * @property {'pass'} kind
 * @property {string} prefix before the path
 * @property {'GET' | 'POST'} method
 * @property {string} token of the caller
 * @property {string} body ASCII
 */
/** @typedef {OpenPlan | DecidePlan | TodoPlan | PassPlan} Plan */
/**
 * @typedef {object} Request
 * @property {string} text its bytes
 * @property {number} expected the status of its answer
 * @property {string} [about] the id of the order that is decided
 */

/** Runs on over all jobs of a process: no two orders are opened with the same key. */
let sequence = 0;

/**
 * @param {Plan} plan
 * @returns {() => () => Request} makes one connection's source of requests; the connections of a job share the plan
 */
export function requestsOf(plan) {
  switch (plan.kind) {
    case 'open':
      return () => () => openOrder(plan, sequence++);
    case 'decide':
      return decideSteps(plan);
    case 'todo':
      return () => () => todoPage(plan, sequence++);
    case 'pass':
      return () => () => passing(plan, sequence++);
    default:
      throw new RangeError('unknown plan');
  }
}

/** @param {OpenPlan} plan @param {number} n */
function openOrder(plan, n) {
  const body = JSON.stringify({
    businessType: plan.businessTypes[n % plan.businessTypes.length],
    businessKey: `key-${n}`,
    title: `Purchase request ${n}`,
    remark: 'asked for by the benchmark',
    variables: { amount: n % 20_000, currency: 'EUR', department: 'research' },
  });
  const token = plan.tokens[n % plan.tokens.length];
  return { text: post('/api/v1/orders', token, body), expected: 201 };
}

/** @param {DecidePlan} plan */
function decideSteps(plan) {
  const body = JSON.stringify({ auditMsg: 'fine with me' });
  let taken = 0;
  return () => {
    let order = '';
    /** @type {readonly string[]} the tokens of the order's steps that are still to decide */
    let ahead = [];
    return () => {
      if (ahead.length === 0) {
        if (taken === plan.orders.length)
          throw new RangeError('more decisions than orders were prepared for');
        order = plan.orders[taken] ?? '';
        ahead = plan.tokens[taken % plan.tokens.length] ?? [];
        taken++;
      }
      const [token] = ahead;
      ahead = ahead.slice(1);
      return { text: post(`/api/v1/orders/${order}/approve`, token, body), expected: 200, about: order };
    };
  };
}

/** @param {TodoPlan} plan @param {number} n */
function todoPage(plan, n) {
  const token = plan.tokens[n % plan.tokens.length];
  const cursor = plan.cursors[Math.floor(n / plan.tokens.length) % plan.cursors.length];
  const path = `/api/v1/orders?scope=todo&limit=20${cursor ? `&cursor=${cursor}` : ''}`;
  return {
    text: `GET ${path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\n\r\n`,
    expected: 200,
  };
}

/** @param {PassPlan} plan @param {number} n */
function passing({ prefix, method, token, body }, n) {
  const length =
    method === 'GET' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  return {
    text:
      `${method} ${prefix}/api/v1/records/${n % 10_000}?view=short HTTP/1.1\r\nhost: bench\r\nuser-agent: bench/1\r\n` +
      `accept: application/json\r\naccept-language: en\r\nauthorization: Bearer ${token}\r\n${length}\r\n${body}`,
    expected: 200,
  };
}

/** @param {string} path @param {string | undefined} token @param {string} body ASCII */
const post = (path, token, body) =>
  `POST ${path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\n` +
  `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
