/** An error of Feishu's API: thrown by what the fake does, answered as `{code, msg}`. */
export class LarkFailure extends Error {
  constructor(
    readonly code: number,
    readonly msg: string,
    readonly status: number = 400,
    /** `error` of the answer. */
    readonly details?: object,
  ) {
    super(`${code} ${msg}`);
  }
}

/** The failures that integrations.md and the vendor's documentation name. */
export const failures = {
  param: (why: string): LarkFailure => new LarkFailure(1390001, `param is invalid: ${why}`),
  approval: (): LarkFailure => new LarkFailure(1390002, 'approval code not found'),
  instance: (): LarkFailure => new LarkFailure(1390003, 'instance code not found'),
  user: (): LarkFailure => new LarkFailure(1390004, 'user id not found'),
  subscribed: (): LarkFailure => new LarkFailure(1390007, 'subscription existed'),
  permission: (): LarkFailure => new LarkFailure(1390009, 'no operation permission', 403),
  task: (): LarkFailure => new LarkFailure(1390010, 'task not found'),
  tooFast: (): LarkFailure =>
    new LarkFailure(1390014, 'Do not synchronize the same approval instance for a short period of time!'),
  inactive: (): LarkFailure => new LarkFailure(1390015, 'approval is not active'),
  deleted: (): LarkFailure => new LarkFailure(1390016, 'approval is deleted'),
  uuid: (): LarkFailure => new LarkFailure(60012, 'uuid conflict'),
  noToken: (): LarkFailure => new LarkFailure(99991661, 'Missing access token for authorization'),
  badToken: (): LarkFailure => new LarkFailure(99991663, 'Invalid access token for authorization'),
  scope: (scopes: readonly string[]): LarkFailure =>
    new LarkFailure(
      99991672,
      `Access denied. One of the following scopes is required: [${scopes.join(', ')}]`,
      400,
      { permission_violations: scopes.map((subject) => ({ type: 'action_scope_required', subject })) },
    ),
};
