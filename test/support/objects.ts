import type { Answer, TestUser } from './harness.js';
import { boss, givenFlow, type Speaks, type StageGiven } from './world.js';

let made = 0;

/** A kind of business object that no other test uses. */
export const newObjectType = (): string => `object-${++made}`;

/** Given a flow of team t1 for objects of this kind. @returns its business type */
export async function givenObjectFlow(
  app: Speaks,
  objectType: string,
  stages: readonly StageGiven[],
  options: { readonly autoApprove?: string; readonly executeUrl?: string; readonly checkUrl?: string } = {},
): Promise<string> {
  const { businessType } = await givenFlow(app, stages, options);
  const changed = await app.as(boss).patch(`/business-types/${businessType}`, { objectType });
  if (changed.status !== 200) throw new Error(`objectType: ${JSON.stringify(changed.body)}`);
  return businessType;
}

export const autoRun = (
  app: Speaks,
  who: TestUser,
  object: string,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => app.as(who).post(`/objects/${object}/auto-run`, { variables: {}, ...body }, headers);

/** How one flow of an object stands, as a page of objects shows it. */
export interface Standing {
  readonly objectId: string;
  readonly businessType: string;
  readonly approveFlag: string;
  readonly approveStage: string | null;
  readonly approvers: readonly string[];
  readonly approveDscr: string | null;
  readonly orderId: string | null;
}

export async function standingsOf(
  app: Speaks,
  who: TestUser,
  objectType: string,
  ids: string,
): Promise<readonly Standing[]> {
  const answer = await app.as(who).get(`/objects/${objectType}/approvals?ids=${ids}`);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body.items as readonly Standing[];
}
