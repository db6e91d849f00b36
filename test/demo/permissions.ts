import {
  type Behaviour,
  type BusinessModule,
  startBusinessModule,
  verify,
} from '../support/business-module.js';

/** What the module reads of a callback, and what the demo shows of it. */
interface Asked {
  readonly user_code: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * A business module that gives permissions (管理后台权限, the example of requirement 001). Whoever has a permission needs no
 * other one; what is old cannot be reached.
 */
export class Permissions {
  /** As `user system`. */
  private readonly given = new Set<string>();
  private secret = '';

  private constructor(private readonly module: BusinessModule) {}

  static async start(): Promise<Permissions> {
    const module = await startBusinessModule();
    const permissions = new Permissions(module);
    module.behave(permissions.answer);
    return permissions;
  }

  get urls(): { readonly checkUrl: string; readonly executeUrl: string } {
    const { checkUrl, executeUrl } = this.module;
    return { checkUrl, executeUrl };
  }

  /** From now on calls have to be signed with this. */
  trust(secret: string): void {
    this.secret = secret;
  }

  has(userCode: string, system: string): boolean {
    return this.given.has(`${userCode} ${system}`);
  }

  give(userCode: string, system: string): void {
    this.given.add(`${userCode} ${system}`);
  }

  take(userCode: string, system: string): void {
    this.given.delete(`${userCode} ${system}`);
  }

  /** What it was asked about an order, in words that can be compared. */
  heard(orderId: string): string {
    return this.module.calls
      .filter(({ ticket }) => ticket === orderId)
      .map(({ path, body }) => `${path} ${JSON.stringify((body.data as Asked).fields)}`)
      .join(', ');
  }

  close(): Promise<void> {
    return this.module.close();
  }

  private readonly answer: Behaviour = (call) => {
    verify(call, this.secret);
    const { user_code: user, fields } = call.body.data as Asked;
    const system = String(fields.system);
    const say = (error: string | null, msg: string) => ({
      status: 200,
      body: { ticket_id: call.ticket, result: error === null, ...(error === null ? { msg } : { error }) },
    });
    if (call.path === '/check') {
      const has = this.has(user, system);
      return say(has ? `${user} 已有「${system}」的权限，无需申请` : null, '可以申请');
    }
    if (system.startsWith('旧')) return say(`「${system}」的接口返回 500，授权失败`, '');
    this.give(user, system);
    return say(null, `已授权「${system}」`);
  };
}
