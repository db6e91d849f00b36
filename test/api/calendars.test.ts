import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';

const officeDay = [
  ['09:00', '12:00'],
  ['13:00', '18:00'],
];
const office = {
  name: '上海办公室',
  timeZone: 'Asia/Shanghai',
  weekly: { mon: officeDay, tue: officeDay, wed: officeDay, thu: officeDay, fri: officeDay },
};

describe('/calendars', () => {
  let app: TestApp;
  let root: Client;
  let admin: Client;
  let member: Client;
  let rival: Client;
  let team: string;
  /** A code that no other test uses. */
  let code: string;
  let run = 0;

  beforeAll(async () => {
    app = await startApp();
    root = app.as({ sub: 'root', roles: ['system_admin'] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    run += 1;
    team = `t${run}`;
    code = `c${run}`;
    admin = app.as({ sub: 'adm', acc_code: team, roles: ['team_admin'] });
    member = app.as({ sub: 'ann', acc_code: team });
    rival = app.as({ sub: 'adm', acc_code: `${team}-other`, roles: ['team_admin'] });
  });

  const put = (client: Client, more: object = {}): Promise<Answer> =>
    client.put(`/calendars/${code}`, { ...office, ...more });
  const made = async (answer: Promise<Answer>): Promise<Answer['body']> => {
    const { status, body } = await answer;
    expect([status, body]).toEqual([expect.toBeOneOf([200, 201]), expect.anything()]);
    return body;
  };
  /** A template of the team whose only stage is due by the calendar. */
  const givenTemplate = async (client: Client, more: object = {}): Promise<string> => {
    const node = await made(
      client.post('/nodes', {
        templateNodeName: 'n',
        auditObjectType: 'user',
        auditObject: ['bob'],
        ...more,
      }),
    );
    const timing = { calendar: code, due: '2d' };
    const template = await made(
      client.post('/templates', { templateName: 't', stages: [{ nodeId: node.id, timing }], ...more }),
    );
    return template.id as string;
  };

  describe('PUT /calendars/{code}', () => {
    it('makes a calendar of the own team', async () => {
      const makeUpDays = [
        { date: '2026-10-10', like: 'mon' },
        { date: '2026-10-11', hours: [['09:00', '24:00']] },
      ];

      const { status, body } = await put(admin, { holidays: ['2026-10-02', '2026-10-01'], makeUpDays });

      expect(status).toBe(200);
      expect(body).toEqual({
        code,
        ...office,
        holidays: ['2026-10-01', '2026-10-02'],
        makeUpDays,
        accCode: team,
        createTime: expect.stringMatching(/Z$/),
        updateTime: body.createTime,
      });
      expect((await member.get(`/calendars/${code}`)).body).toEqual(body);
    });

    it('replaces all of it', async () => {
      await made(put(admin, { holidays: ['2026-10-01'] }));

      await made(put(admin, { name: 'Berlin', timeZone: 'europe/berlin' }));

      const { body } = await admin.get(`/calendars/${code}`);
      expect(body).toMatchObject({ name: 'Berlin', timeZone: 'Europe/Berlin', holidays: [] });
    });

    it.each([
      ['timeZone', { timeZone: 'Mars/Base' }],
      ['weekly', { weekly: {} }],
      ['weekly', { weekly: null }],
      ['weekly.mon[0]', { weekly: { mon: [['18:00', '09:00']] } }],
      [
        'weekly.mon',
        {
          weekly: {
            mon: [
              ['09:00', '12:00'],
              ['11:00', '13:00'],
            ],
          },
        },
      ],
      ['holidays[0]', { holidays: ['2026-02-30'] }],
      ['holidays[1]', { holidays: ['2026-10-01', '2026-10-01'] }],
      ['makeUpDays[0].date', { holidays: ['2026-10-01'], makeUpDays: [{ date: '2026-10-01', like: 'mon' }] }],
      ['makeUpDays', { makeUpDays: 'none' }],
      ['name', { name: '' }],
      ['colour', { colour: 'red' }],
    ])('refuses a wrong %s', async (field, more) => {
      const { status, body } = await put(admin, more);

      expect([status, body.code]).toEqual([400, 'validation_failed']);
      expect(body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    });

    it('is for administrators', async () => {
      expect((await put(member)).status).toBe(403);
      expect((await put(rival, { accCode: team })).status).toBe(404);
    });

    it('answers everybody who puts the same one at the same time', async () => {
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) => put(admin, { name: `n${index}` })),
      );

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    });
  });

  describe("a team's own calendar", () => {
    it("shadows the platform's, which other teams see", async () => {
      await made(put(root, { name: 'platform' }));
      await made(put(admin, { name: 'own' }));

      expect((await member.get(`/calendars/${code}`)).body).toMatchObject({ name: 'own', accCode: team });
      expect((await rival.get(`/calendars/${code}`)).body).toMatchObject({ name: 'platform', accCode: null });
      const listed = (await member.get('/calendars?limit=100')).body.items;
      expect(listed.filter((item: { code: string }) => item.code === code)).toEqual([
        expect.objectContaining({ name: 'own' }),
      ]);
    });

    it('does not exist for another team', async () => {
      await made(put(admin));

      for (const { status } of [
        await rival.get(`/calendars/${code}`),
        await rival.get(`/calendars/${code}?accCode=${team}`),
        await rival.get(`/calendars/${code}/working-time?length=1h`),
        await rival.delete(`/calendars/${code}`),
        await rival.post(`/calendars/${code}/recompute`),
        await rival.post(`/calendars/${code}/recompute?accCode=${team}`),
      ]) {
        expect(status).toBe(404);
      }
    });
  });

  it('lists page by page', async () => {
    for (const letter of ['a', 'b', 'c']) {
      await made(admin.put(`/calendars/${code}${letter}`, office));
    }

    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await admin.get(`/calendars?limit=2${cursor}`);
      seen.push(...body.items.map((item: { code: string }) => item.code));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }

    expect(seen.filter((name) => name.startsWith(code))).toEqual([`${code}a`, `${code}b`, `${code}c`]);
    expect(new Set(seen).size).toBe(seen.length);
  });

  describe('GET /calendars/{code}/working-time', () => {
    it('tries it out', async () => {
      await made(
        put(admin, {
          holidays: ['2026-10-01', '2026-10-02'],
          makeUpDays: [{ date: '2026-10-03', like: 'mon' }],
        }),
      );
      const from = encodeURIComponent('2026-09-30T17:00:00+08:00');

      const { status, body } = await member.get(`/calendars/${code}/working-time?from=${from}&length=1d`);

      expect(status).toBe(200);
      expect(body).toEqual({
        from: '2026-09-30T09:00:00.000Z',
        length: '1d',
        until: '2026-10-03T09:00:00.000Z',
      });
    });

    it('begins now where nothing else is said', async () => {
      await made(put(admin));

      const { body } = await member.get(`/calendars/${code}/working-time?length=0s`);

      expect(body.until).toBe(body.from);
    });

    it.each([
      ['length', 'length=soon'],
      ['length', 'length=366d'],
      ['length', ''],
      ['from', 'length=1h&from=2026-10-01'],
      ['from', 'length=1h&from=2026-10-01T25:00:00Z'],
      ['from', 'length=1h&from=9999-10-01T00:00:00Z'],
    ])('refuses a wrong %s', async (field, query) => {
      await made(put(admin));

      const { status, body } = await member.get(`/calendars/${code}/working-time?${query}`);

      expect([status, body.errors[0].field]).toEqual([400, field]);
    });
  });

  describe('DELETE /calendars/{code}', () => {
    it('deletes the own one, not the one of the platform', async () => {
      await made(put(root));
      expect((await admin.delete(`/calendars/${code}`)).status).toBe(403);
      await made(put(admin));

      expect((await admin.delete(`/calendars/${code}`)).status).toBe(204);

      expect((await member.get(`/calendars/${code}`)).body.accCode).toBeNull();
      expect((await root.delete(`/calendars/${code}`)).status).toBe(204);
      expect((await root.delete(`/calendars/${code}`)).status).toBe(404);
      expect((await member.delete(`/calendars/${code}`)).status).toBe(403);
    });

    it('waits for the last stage that counts by it', async () => {
      await made(put(admin));
      await made(admin.put(`/calendars/${code}-more`, office));
      const template = await givenTemplate(admin);

      const { status, body } = await admin.delete(`/calendars/${code}`);

      expect([status, body.code]).toEqual([409, 'in_use']);
      expect(body.detail).toContain(template);
      // Another calendar, whose code only begins with this one's.
      expect((await admin.delete(`/calendars/${code}-more`)).status).toBe(204);
      await admin.delete(`/templates/${template}`);
      expect((await admin.delete(`/calendars/${code}`)).status).toBe(204);
    });

    it('waits for the last open order whose step counts by it', async () => {
      await made(put(admin));
      const template = await givenTemplate(admin);
      await made(root.post('/business-types', { code: `bt${run}`, name: 'bt' }));
      await made(admin.put(`/bindings/bt${run}`, { templateId: template }));
      const order = await made(member.post('/orders', { businessType: `bt${run}` }));
      const node = await made(
        admin.post('/nodes', { templateNodeName: 'm', auditObjectType: 'user', auditObject: ['bob'] }),
      );
      await made(admin.patch(`/templates/${template}`, { stages: [{ nodeId: node.id }] }));

      const { status, body } = await admin.delete(`/calendars/${code}`);

      expect([status, body.code]).toEqual([409, 'in_use']);
      expect(body.detail).toContain(order.id);
      await made(member.post(`/orders/${order.id}/withdraw`));
      expect((await admin.delete(`/calendars/${code}`)).status).toBe(204);
    });

    it("keeps the platform's for the teams that have none of that code", async () => {
      await made(put(root));
      await made(put(rival));
      await givenTemplate(rival);
      // The rival's template means the rival's own.
      expect((await rival.delete(`/calendars/${code}`)).status).toBe(409);
      await givenTemplate(admin);

      expect((await root.delete(`/calendars/${code}`)).status).toBe(409);

      await made(put(admin));
      expect((await root.delete(`/calendars/${code}`)).status).toBe(204);
    });
  });
});
