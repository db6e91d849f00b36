// @ts-check
/** The people, templates and business types that the requests are about, made through the service's own API. */
import { SignJWT } from 'jose';
import { jwtSecret } from './servers.mjs';

export const team = 'bench';
/** Flows of three steps with one reviewer each, and one whose first step is a group's. */
const userFlows = 19;
const stepsOfFlow = 3;
const applicants = 40;

/**
 * @typedef {object} Flow
 * @property {string} businessType
 * @property {string} seed the order opened by it, from which bulk orders are copied
 * @property {string[]} reviewers tokens, step by step; empty for the group's
 */

/**
 * @typedef {object} World
 * @property {string[]} applicants tokens
 * @property {Flow[]} flows their steps are decided by a person each
 * @property {Flow} groupFlow its first step waits for a group that all first reviewers are in
 * @property {string[]} firstReviewers tokens of those for whom first steps wait, directly and through the group
 */

/** @param {number} flow @param {number} step */
const reviewerCode = (flow, step) => `reviewer-${flow}-${step}`;

/**
 * Sets an empty service up and opens one order of each flow.
 * @param {number} port
 * @returns {Promise<World>}
 */
export async function buildWorld(port) {
  const admin = client(port, await token('admin', { acc_code: team, roles: ['team_admin'] }));
  const people = Array.from({ length: applicants }, (_, n) => `applicant-${n}`);
  const reviewers = Array.from({ length: userFlows * stepsOfFlow }, (_, n) =>
    reviewerCode(Math.floor(n / stepsOfFlow), (n % stepsOfFlow) + 1),
  );
  for (const code of [...people, ...reviewers])
    await admin('PUT', `/directory/users/${code}`, { name: code });
  const firsts = Array.from({ length: userFlows }, (_, flow) => reviewerCode(flow, 1));
  await admin('PUT', '/directory/groups/first-reviewers', { name: 'First reviewers', members: firsts });

  const tokenOf = (/** @type {string} */ code) => token(code, { acc_code: team });
  const applicantTokens = await Promise.all(people.map(tokenOf));
  const opened = client(port, applicantTokens[0] ?? '');
  /** @param {string} name @param {{auditObjectType: string, auditObject: string[]}[]} stages */
  const flow = async (name, stages) => {
    const stageIds = [];
    for (const [index, stage] of stages.entries()) {
      const node = await admin('POST', '/nodes', { templateNodeName: `${name} ${index + 1}`, ...stage });
      stageIds.push({ nodeId: node.id });
    }
    const template = await admin('POST', '/templates', { templateName: name, stages: stageIds });
    await admin('POST', '/business-types', { code: name, name });
    await admin('PUT', `/bindings/${name}`, { templateId: template.id });
    const order = await opened('POST', '/orders', {
      businessType: name,
      businessKey: 'key-0',
      title: 'Purchase request 0',
      remark: 'asked for by the benchmark',
      variables: { amount: 0, currency: 'EUR', department: 'research' },
    });
    return { businessType: name, seed: String(order.id) };
  };
  /** @type {Flow[]} */
  const flows = [];
  for (let number = 0; number < userFlows; number++) {
    const codes = Array.from({ length: stepsOfFlow }, (_, index) => reviewerCode(number, index + 1));
    const made = await flow(
      `flow-${number}`,
      codes.map((code) => ({ auditObjectType: 'user', auditObject: [code] })),
    );
    flows.push({ ...made, reviewers: await Promise.all(codes.map(tokenOf)) });
  }
  const byGroup = await flow('flow-group', [{ auditObjectType: 'group', auditObject: ['first-reviewers'] }]);
  return {
    applicants: applicantTokens,
    flows,
    groupFlow: { ...byGroup, reviewers: [] },
    firstReviewers: flows.map((each) => each.reviewers[0] ?? ''),
  };
}

/** @param {string} user @param {Record<string, unknown>} claims */
export const token = (user, claims) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime('1 day')
    .sign(new TextEncoder().encode(jwtSecret));

/**
 * @param {number} port
 * @param {string} bearer
 * @returns {(method: string, path: string, body?: object) => Promise<any>} throws for every answer but a success
 */
export function client(port, bearer) {
  return async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}
