import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp, tokenOf } from '../support/harness.js';
import { ann, bob, boss, created, eve, givenFlow, rival, root } from '../support/world.js';

/** The log as a file for spreadsheets. */
let app: TestApp;
let businessType: string;
let orderId: string;
beforeAll(async () => {
  app = await startApp();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
  orderId = String((await created(app.as(ann), '/orders', { businessType, title: '=1+1' })).id);
});
afterAll(() => app.close());

const columns =
  'operationTime,orderId,accCode,businessType,title,transition,seq,operationUserCode,operation,operationDetails,hash';

/** The lines of an export without its head, each as it stands there. */
async function linesOf(query: string = '', who = boss): Promise<string[]> {
  const answer = await app.as(who).get(`/logs/export${query}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const [head, ...lines] = String(answer.body).split('\r\n');
  expect(head?.replace('\ufeff', '')).toBe(columns);
  expect(lines.pop()).toBe('');
  return lines;
}

const operationsIn = (lines: readonly string[]): string[] => lines.map((line) => line.split(',')[8] ?? '');

describe('exporting the log', () => {
  it('given an administrator, then it is a file: CSV in UTF-8 with its mark, lines with CR LF, oldest first', async () => {
    const response = await fetch(`${app.url}/api/v1/logs/export?orderId=${orderId}`, {
      headers: { authorization: `Bearer ${await tokenOf(boss)}` },
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="countersign-log-\d{4}-\d\d-\d\d\.csv"$/,
    );
    const bytes = Buffer.from(await response.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const [head, opened, asked, end, ...more] = bytes.subarray(3).toString('utf8').split('\r\n');
    expect(head).toBe(columns);
    expect(opened).toMatch(
      new RegExp(
        `^\\d{4}-[^,]+Z,${orderId},t1,${businessType},'=1\\+1,1,0,ann,order\\.opened,.+,[0-9a-f]{64}$`,
        'u',
      ),
    );
    expect(asked).toContain(',step.in_review,');
    expect([end, more]).toEqual(['', []]);
  });

  it('given texts that would be formulas, then each is led by an apostrophe, and no cell breaks its line', async () => {
    const texts = [
      '=1',
      '+1',
      '-1',
      '@a',
      '\t=1',
      '\r=1',
      '\n=1',
      '＝1',
      '＋1',
      '－1',
      '＠a',
      'a"b,c;d\r\ne',
    ];
    for (const title of texts) await created(app.as(ann), '/orders', { businessType, title });
    const body = String((await app.as(boss).get('/logs/export?operation=order.opened')).body);
    for (const title of texts.slice(0, 11)) {
      const bare = `,'${title},`;
      const quoted = `,"'${title}",`;
      expect(body.includes(bare) || body.includes(quoted), JSON.stringify(title)).toBe(true);
    }
    expect(body).toContain(',"a""b,c;d\r\ne",');
  });

  it('given filters, then only what they ask for; and bad ones are refused', async () => {
    const { id } = await created(app.as(ann), '/orders', { businessType });
    await app.as(bob).post(`/orders/${String(id)}/approve`, {});
    const of = async (query: string) => operationsIn(await linesOf(`?orderId=${String(id)}${query}`));
    const all = await of('');
    expect(all).toEqual(['order.opened', 'step.in_review', 'step.approved', 'order.completed']);
    expect(await of('&operation=step.approved')).toEqual(['step.approved']);
    expect(await of('&userCode=bob')).toEqual(['step.approved', 'order.completed']);
    expect(await of(`&businessType=${businessType}`)).toEqual(all);
    expect(await of('&businessType=another')).toEqual([]);
    expect(await of('&from=2001-01-01T00:00:00Z')).toEqual(all);
    expect(await of('&from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00%2B08:00')).toEqual([]);
    expect(await of('&from=2999-01-01T00:00:00Z')).toEqual([]);
    for (const bad of [
      'from=yesterday',
      'to=2026-01-01',
      'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      `userCode=${'x'.repeat(65)}`,
      'operation=a&operation=b',
      'unknown=1',
    ]) {
      expect(await app.as(boss).get(`/logs/export?${bad}`), bad).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      });
    }
  });

  it('given another team, then none of its rows is there; a system administrator sees all, or one team', async () => {
    expect(await linesOf('', rival)).toEqual([]);
    expect(await linesOf(`?orderId=${orderId}`, rival)).toEqual([]);
    expect(await app.as(rival).get('/logs/export?accCode=t1')).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect((await linesOf(`?orderId=${orderId}`, root)).length).toBe(2);
    expect((await linesOf(`?orderId=${orderId}&accCode=t1`, root)).length).toBe(2);
    expect(await linesOf(`?orderId=${orderId}&accCode=t2`, root)).toEqual([]);
    for (const who of [ann, eve]) expect((await app.as(who).get('/logs/export')).status).toBe(403);
  });

  it('given more rows than one look sees, then all of them come, each once; and who hangs up ends it', async () => {
    const texts = Array.from({ length: 2_400 }, (_, index) => `remark ${index}`);
    const { id } = await created(app.as(ann), '/orders', { businessType });
    await app.database.writer.query(
      `INSERT INTO dms_s_apply_order_log
         (id, apply_order_id, operation_user_code, operation_details, operation_time, operation, transition_no, seq)
       VALUES ${texts.map((text, index) => `('row-${String(index).padStart(5, '0')}', '${String(id)}', 'ann', '${text}', '2020-01-01 00:00:0${index % 3}', 'order.commented', ${index + 100}, 0)`).join(', ')}`,
    );
    const period = '?from=2020-01-01T00:00:00Z&to=2020-01-01T00:00:03Z';
    const lines = await linesOf(period);
    expect(lines.map((line) => line.split(',')[9]).toSorted()).toEqual(texts.toSorted());
    const times = lines.map((line) => line.split(',')[0]);
    expect(times).toEqual(times.toSorted());
    const hangUp = new AbortController();
    const response = await fetch(`${app.url}/api/v1/logs/export${period}`, {
      headers: { authorization: `Bearer ${await tokenOf(boss)}` },
      signal: hangUp.signal,
    });
    await response.body?.getReader().read();
    hangUp.abort();
    expect((await linesOf(period)).length).toBe(texts.length);
  });
});
