// @ts-check
import { Approvals } from './approvals.mjs';
import { Countersign } from './countersign.mjs';
import { Exports } from './exports.mjs';
import { bytesOf, jsonOf, serverOf, Wrong } from './http.mjs';
import { readSettings } from './settings.mjs';
import { isSigned } from './verify.mjs';

/** @typedef {import('./exports.mjs').Export} Export */
/** @typedef {import('./http.mjs').Handler} Handler */
/** @typedef {import('./http.mjs').Request} Request */

function start() {
  const settings = readSettings(process.env);
  const exports = new Exports(settings.dataFile);
  const countersign = new Countersign(settings.countersign, settings.apiKey);
  const approvals = new Approvals(exports, countersign, settings.answersLater);

  /** @param {Request} request */
  const apply = async (request) => {
    const parameters = parametersOf(jsonOf(await bytesOf(request)));
    const one = await approvals.apply({ ...parameters, businessType: settings.businessType });
    const status = one.orderId ? 201 : one.state === 'opening' ? 202 : 422;
    return { status, body: view(one), headers: { location: `/exports/${one.id}` } };
  };

  /** @type {Handler} */
  const show = (_request, id) => {
    const one = exports.get(id);
    if (!one) throw new Wrong(404, `export ${id} does not exist`);
    return { status: 200, body: view(one) };
  };

  /** @type {Handler} */
  const list = () => ({ status: 200, body: { items: exports.all().map(view) } });

  /**
   * Answers check and execute alike: the signed body says which of them it is, the address is not signed.
   * @param {Request} request
   */
  const callback = async (request) => {
    const { headers } = request;
    const body = await bytesOf(request);
    if (!isSigned(settings.callbackKeys, headers, body)) throw new Wrong(401, 'the signature does not match');
    return approvals.receive(String(headers['webhook-id']), jsonOf(body));
  };

  const server = serverOf([
    { path: /^\/exports$/, methods: { GET: list, POST: apply } },
    { path: /^\/exports\/([\w-]{1,64})$/, methods: { GET: show } },
    { path: /^\/approvals\/(?:check|execute)$/, methods: { POST: callback } },
  ]);
  server.on('error', fail);
  server.listen(settings.port, settings.host, () => {
    const { address, family, port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    console.log(`data-export listens on http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
    approvals.resume();
  });
  // Requests under way are answered; late answers that are still owed go out after the next start.
  const stop = () => void server.close(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

/**
 * @param {unknown} body
 * @returns {Omit<import('./exports.mjs').NewExport, 'businessType'>}
 * @throws {Wrong} at the first field that cannot be used
 */
function parametersOf(body) {
  const { userCode, dataset, rows, format = 'csv' } = /** @type {Record<string, unknown>} */ (body ?? {});
  if (!isLine(userCode, 64)) throw new Wrong(400, 'userCode must be a text of 1 to 64 characters');
  if (!isLine(dataset, 128)) throw new Wrong(400, 'dataset must be a text of 1 to 128 characters');
  if (!isCount(rows)) throw new Wrong(400, 'rows must be a whole number from 1');
  if (format !== 'csv' && format !== 'tsv') throw new Wrong(400, 'format must be csv or tsv');
  return { userCode, dataset, rows, format };
}

/**
 * @param {unknown} value
 * @param {number} length
 * @returns {value is string}
 */
const isLine = (value, length) =>
  typeof value === 'string' && value.length <= length && value.trim() !== '' && !/\p{Cc}/u.test(value);

/**
 * @param {unknown} value
 * @returns {value is number}
 */
const isCount = (value) => Number.isSafeInteger(value) && Number(value) >= 1;

/**
 * What callers see of an export: not the bookkeeping of its callbacks.
 * @param {Export} one
 */
function view({ answered: _answered, execution: _execution, owed: _owed, ...shown }) {
  return shown;
}

/** @param {Error} error */
function fail(error) {
  console.error(error.message);
  process.exit(1);
}

try {
  start();
} catch (error) {
  fail(/** @type {Error} */ (error));
}
