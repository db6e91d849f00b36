import { failures } from './lark-failure.js';

/** The ids of people that Feishu speaks. */
export type UserIdType = 'user_id' | 'open_id' | 'union_id';

/** Who works there: user ids are the company's, open ids the app's. */
export class LarkPeople {
  private readonly ids = new Set<string>();

  /** @returns the user id */
  join(userId: string): string {
    this.ids.add(userId);
    return userId;
  }

  leave(userId: string): void {
    this.ids.delete(userId);
  }

  openId(userId: string): string {
    return `ou_${userId}`;
  }

  unionId(userId: string): string {
    return `on_${userId}`;
  }

  /** @throws LarkFailure 1390004 for who does not work there */
  find(type: UserIdType, id: unknown): string {
    const of: Record<UserIdType, (userId: string) => string> = {
      user_id: (userId) => userId,
      open_id: (userId) => this.openId(userId),
      union_id: (userId) => this.unionId(userId),
    };
    for (const userId of this.ids) if (of[type](userId) === id) return userId;
    throw failures.user();
  }

  /** By `user_id` or `open_id` in a body, the first before the second. */
  inBody(body: Readonly<Record<string, unknown>>): string {
    if (typeof body.user_id === 'string' && body.user_id !== '') return this.find('user_id', body.user_id);
    return this.find('open_id', body.open_id);
  }
}
