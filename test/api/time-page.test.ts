import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, givenFlow } from '../support/world.js';

/** The bodies on the page for people. */
const [timing, calendar] = [
  ...readFileSync(new URL('../../docs/time.md', import.meta.url), 'utf8').matchAll(/```json\n(.*?)```/gs),
].map(([, body]) => JSON.parse(body ?? '') as Record<string, unknown>);

describe('docs/time.md', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('has bodies that work as they stand', async () => {
    const admin = app.as(boss);
    expect((await admin.put('/calendars/cn-office', calendar)).status).toBe(200);
    const tried = await admin.get(
      '/calendars/cn-office/working-time?from=2026-09-30T17:00:00%2B08:00&length=8h',
    );
    // An hour on Wednesday, then holidays and a weekend; the rest on Thursday of the next week.
    expect(tried.body.until).toBe('2026-10-08T09:00:00.000Z');

    const { businessType, templateId } = await givenFlow(app, [{ users: ['bob'], timing: timing ?? {} }]);
    expect((await admin.get(`/templates/${templateId}`)).body.stages[0].timing).toEqual(timing);
    const order = await created(app.as(ann), '/orders', { businessType });
    expect(order.steps).toEqual([expect.objectContaining({ dueAt: expect.stringMatching(/Z$/) })]);
  });
});
