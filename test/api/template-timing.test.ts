import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let system: Client;
/** Nodes of team t1 and of the platform. */
let [own, shared]: string[] = [];

const givenNode = async (as: Client): Promise<string> => {
  const body = { templateNodeName: 'node', auditObjectType: 'user', auditObject: ['bob'] };
  return String((await created(as, '/nodes', body)).id);
};
const givenCalendar = async (as: Client, code: string): Promise<void> => {
  const body = { name: code, timeZone: 'Asia/Shanghai', weekly: { mon: [['09:00', '18:00']] } };
  const answer = await as.put(`/calendars/${code}`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
};

beforeAll(async () => {
  app = await startApp();
  [admin, system] = [app.as(boss), app.as(root)];
  [own, shared] = [await givenNode(admin), await givenNode(system)];
  await givenCalendar(admin, 'team');
  await givenCalendar(system, 'platform');
  await givenCalendar(app.as(rival), 'theirs');
});
afterAll(() => app.close());

const bodyOf = (timing: unknown, more: object = {}) => ({
  templateName: 'template',
  stages: [{ nodeId: own }, { nodeId: own, timing }],
  ...more,
});
const defaults = {
  calendar: null,
  remindBefore: [],
  remindAfter: [],
  then: 'remind',
  levels: 1,
  every: '1d',
};
const timingsOf = ({ body }: Answer) => body.stages.map((stage: { timing: unknown }) => stage.timing);

/** Expects a refusal of these fields of the second stage's timing. */
function expectRefused(answer: Answer, fields: readonly string[]): void {
  expect(answer, JSON.stringify(answer.body)).toMatchObject({
    status: 400,
    body: { code: 'validation_failed' },
  });
  expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual(
    fields.map((field) => `stages[1].timing${field && `.${field}`}`),
  );
}

describe('timing of a stage', () => {
  it('given only when it is due, then everything else has its default, stored as one text', async () => {
    const answer = await admin.post('/templates', bodyOf({ due: '2d' }));
    expect(answer.status).toBe(201);
    expect(timingsOf(answer)).toEqual([null, { ...defaults, due: '2d' }]);
    expect(timingsOf(await admin.get(`/templates/${answer.body.id}`))).toEqual(timingsOf(answer));
    const rows = await app.database.rows<{ timing: string | null }>(
      'SELECT timing FROM dms_s_apply_template_stage WHERE template_id = ? ORDER BY stage_no',
      [answer.body.id],
    );
    expect(rows.map(({ timing }) => timing && (JSON.parse(timing) as unknown))).toEqual(timingsOf(answer));
  });

  it('given everything, then it is kept', async () => {
    const timing = {
      calendar: 'team',
      due: '3d',
      remindBefore: ['1d', '4h'],
      remindAfter: ['30m', '2d'],
      then: 'escalate',
      levels: 5,
      every: '8h',
    };
    const answer = await admin.post('/templates', bodyOf(timing));
    expect(timingsOf(answer)).toEqual([null, timing]);
    // and a list without it replaces it
    const path = `/templates/${answer.body.id}`;
    expect(timingsOf(await admin.patch(path, { remark: 'r' }))).toEqual([null, timing]);
    const replaced = await admin.patch(path, { stages: [{ nodeId: own }, { nodeId: own, timing: null }] });
    expect(timingsOf(replaced)).toEqual([null, null]);
  });

  it.each<[string, unknown, string[]]>([
    ['no due time', {}, ['due']],
    ['a null one', { due: null }, ['due']],
    ['a number', { due: 2 }, ['due']],
    ['no length', { due: 'soon' }, ['due']],
    ['a length of two units', { due: '1d4h' }, ['due']],
    ['a negative one', { due: '-1d' }, ['due']],
    ['half a day', { due: '0.5d' }, ['due']],
    ['due at once', { due: '0h' }, ['due']],
    ['due in a hundred years', { due: '36500d' }, ['due']],
    ['due a day after a year', { due: '366d' }, ['due']],
    ['a reminder before it opens', { due: '1h', remindBefore: ['2h'] }, ['remindBefore[0]']],
    ['the same reminder twice', { due: '1d', remindBefore: ['1h', '60m'] }, ['remindBefore[1]']],
    ['one reminder that is no list', { due: '1d', remindBefore: '1h' }, ['remindBefore']],
    ['a reminder that is no length', { due: '1d', remindAfter: ['1h', 'x'] }, ['remindAfter[1]']],
    [
      'eleven reminders',
      { due: '1d', remindAfter: Array.from({ length: 11 }, (_, i) => `${i + 1}h`) },
      ['remindAfter'],
    ],
    ['an unknown action', { due: '1d', then: 'explode' }, ['then']],
    ['a null action', { due: '1d', then: null }, ['then']],
    ['no level', { due: '1d', then: 'escalate', levels: 0 }, ['levels']],
    ['six levels', { due: '1d', then: 'escalate', levels: 6 }, ['levels']],
    ['levels that follow at once', { due: '1d', then: 'escalate', every: '0s' }, ['every']],
    ['several wrong fields', { due: '0s', levels: 1, every: 'x' }, ['due', 'every']],
    ['a calendar that is a number', { due: '1d', calendar: 1 }, ['calendar']],
    ['a field that there is not', { due: '1d', at: '18:00' }, ['at']],
    ['a list', [], ['']],
    ['a list of timings', [{ due: '1d' }], ['']],
    ['a text', '2d', ['']],
  ])('given %s, then it is refused, naming the field', async (_what, timing, fields) => {
    expectRefused(await admin.post('/templates', bodyOf(timing)), fields);
    const { id } = await created(admin, '/templates', bodyOf({ due: '2d' }));
    const before = await admin.get(`/templates/${String(id)}`);
    expectRefused(await admin.patch(`/templates/${String(id)}`, { stages: bodyOf(timing).stages }), fields);
    expect((await admin.get(`/templates/${String(id)}`)).body).toEqual(before.body);
  });

  it('given the longest that there is, then it is kept', async () => {
    const timing = { due: '365d', remindBefore: ['364d'], remindAfter: ['365d'] };
    expect(timingsOf(await admin.post('/templates', bodyOf(timing)))[1]).toMatchObject(timing);
    expect(timingsOf(await admin.post('/templates', bodyOf({ due: '1s' })))[1]).toMatchObject({ due: '1s' });
  });
});

describe("a stage's calendar", () => {
  const timing = (calendar: string | null) => ({ due: '2d', calendar });

  it.each(['team', 'platform'])('given the one called %s, then the team may use it', async (calendar) => {
    const answer = await admin.post('/templates', bodyOf(timing(calendar)));
    expect(timingsOf(answer)[1]).toEqual({ ...defaults, due: '2d', calendar });
    // so may a system administrator for that team
    expect(await system.post('/templates', bodyOf(timing(calendar), { accCode: 't1' }))).toMatchObject({
      status: 201,
    });
  });

  it.each(['none', 'theirs', 'TEAM'])(
    'given %s, which does not exist for the team, then it is refused',
    async (calendar) => {
      expectRefused(await admin.post('/templates', bodyOf(timing(calendar))), ['calendar']);
      const { id } = await created(admin, '/templates', bodyOf(null));
      for (const as of [admin, system]) {
        const stages = bodyOf(timing(calendar)).stages;
        expectRefused(await as.patch(`/templates/${String(id)}`, { stages }), ['calendar']);
      }
    },
  );

  it('given several stages, then each wrong one is named', async () => {
    const stages = ['none', 'team', 'theirs'].map((code) => ({ nodeId: own, timing: timing(code) }));
    const { body } = await admin.post('/templates', { templateName: 'template', stages });
    expect(body.errors.map((error: { field: string }) => error.field)).toEqual([
      'stages[0].timing.calendar',
      'stages[2].timing.calendar',
    ]);
  });

  it("given a template of the platform, then only the platform's will do", async () => {
    const post = (calendar: string) =>
      system.post('/templates', {
        templateName: 'template',
        stages: [{ nodeId: shared }, { nodeId: shared, timing: timing(calendar) }],
      });
    expectRefused(await post('team'), ['calendar']);
    expect(await post('platform')).toMatchObject({ status: 201, body: { accCode: null } });
  });
});

describe('distinctApprovers', () => {
  it('given nothing, then it is false; given true, then it is kept and taken back', async () => {
    const { id, ...made } = await created(admin, '/templates', bodyOf(null, { distinctApprovers: true }));
    expect(made).toMatchObject({ distinctApprovers: true, dedupe: 'none' });
    const path = `/templates/${String(id)}`;
    expect((await admin.get(path)).body.distinctApprovers).toBe(true);
    expect((await admin.patch(path, { remark: 'r' })).body.distinctApprovers).toBe(true);
    expect((await admin.patch(path, { distinctApprovers: false })).body.distinctApprovers).toBe(false);
    expect(await created(admin, '/templates', bodyOf(null))).toMatchObject({ distinctApprovers: false });
  });

  it.each(['consecutive', 'all'])('given dedupe %s beside it, then it is refused', async (dedupe) => {
    const refused = { status: 400, body: { errors: [{ field: 'distinctApprovers' }] } };
    const both = { dedupe, distinctApprovers: true };
    expect(await admin.post('/templates', bodyOf(null, both))).toMatchObject(refused);
    const given = async (more: object) =>
      `/templates/${String((await created(admin, '/templates', bodyOf(null, more))).id)}`;
    // what becomes of the whole is judged
    const [distinct, repeating] = [await given({ distinctApprovers: true }), await given({ dedupe })];
    expect(await admin.patch(distinct, { dedupe })).toMatchObject(refused);
    expect(await admin.patch(repeating, { distinctApprovers: true })).toMatchObject(refused);
    expect((await admin.get(distinct)).body).toMatchObject({ dedupe: 'none', version: 1 });
    expect((await admin.get(repeating)).body).toMatchObject({ distinctApprovers: false, version: 1 });
    // and may change both ways at once
    expect(await admin.patch(distinct, { dedupe, distinctApprovers: false })).toMatchObject({ status: 200 });
    expect(await admin.patch(repeating, { dedupe: 'none', distinctApprovers: true })).toMatchObject({
      status: 200,
      body: { dedupe: 'none', distinctApprovers: true },
    });
  });

  it.each([null, 1, 'true', []])('given %j, then it is refused', async (distinctApprovers) => {
    expect(await admin.post('/templates', bodyOf(null, { distinctApprovers }))).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'distinctApprovers' }] },
    });
  });
});
