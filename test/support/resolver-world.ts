import { ApproverResolver, type Question } from '../../src/approvers/approver-resolver.service.js';
import type { Found } from '../../src/engine/advance.js';
import {
  type Behaviour,
  type BusinessModule,
  type ReceivedCall,
  startBusinessModule,
} from './business-module.js';
import { callbackSettings } from './callback-settings.js';
import { startApp, type TestApp } from './harness.js';
import { directoryOf } from './resolver-people.js';
import { boss, created, root } from './world.js';

/** The service, and a business system that answers who may review; each path of it behaves in its own way. */
export interface ResolverWorld {
  readonly app: TestApp;
  readonly module: BusinessModule;
  /** The secret of the business type `export` of team t1, which signs the questions. */
  readonly secret: string;
  /** A path of the business system that behaves like this. @returns its address */
  at(behaviour: Behaviour): string;
  callsTo(url: string): readonly ReceivedCall[];
  question(url: string, more?: Partial<Question>): Question;
  approvers(url: string, more?: Partial<Question>): Promise<Found>;
  confirms(url: string, userCode: string): Promise<boolean>;
  close(): Promise<void>;
}

/** A business system that names these people, whatever it is asked. */
export const naming =
  (...userCodes: readonly unknown[]): Behaviour =>
  () => ({
    status: 200,
    body: { user_codes: userCodes },
  });

/** Given people of team t1, and of others, whom answers name. */
export async function startResolverWorld(env: Readonly<Record<string, string>> = {}): Promise<ResolverWorld> {
  const app = await startApp({ env: { ...callbackSettings, ...env } });
  const behaviours: Behaviour[] = [];
  const module = await startBusinessModule((call, response) => {
    const behaviour = behaviours[Number(call.path.slice(1))];
    return behaviour ? behaviour(call, response) : { status: 404 };
  });
  const given = directoryOf(app.as(root));
  for (const code of ['ann', 'bob', 'carol']) await given.user(code);
  await given.user('away', { active: false });
  await given.user('eve', { accCode: 't2' });
  await given.user('free', { accCode: undefined });
  const type = await created(app.as(boss), '/business-types', { code: 'export', name: 'Export' });

  const question = (url: string, more: Partial<Question> = {}): Question => ({
    url,
    ticketId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
    team: 't1',
    businessType: 'export',
    businessTypeId: String(type.id),
    businessKey: 'EXP-1',
    applicant: 'ann',
    applyStep: 2,
    nodeName: '区域管理员',
    variables: { amount: 12800, 门店: 'S1' },
    ...more,
  });
  return {
    app,
    module,
    secret: String(type.secret),
    at: (behaviour) => `${module.url}/${behaviours.push(behaviour) - 1}`,
    callsTo: (url) => module.calls.filter((call) => call.path === new URL(url).pathname),
    question,
    approvers: (url, more) => app.get(ApproverResolver).approvers(question(url, more)),
    confirms: (url, userCode) => app.get(ApproverResolver).confirms(question(url), userCode),
    close: async () => {
      await app.close();
      await module.close();
    },
  };
}
