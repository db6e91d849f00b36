import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApproverResolver } from '../../src/approvers/approver-resolver.service.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import {
  dripping,
  endless,
  garbage,
  half,
  hugeHeaders,
  reset,
  unfinished,
} from '../support/broken-answers.js';
import {
  answerBody,
  answerStatus,
  type Behaviour,
  hold,
  startBusinessModule,
  verify,
} from '../support/business-module.js';
import { naming, type ResolverWorld, startResolverWorld } from '../support/resolver-world.js';
import { boss, created } from '../support/world.js';

let world: ResolverWorld;
beforeAll(async () => {
  world = await startResolverWorld();
});
afterAll(() => world.close());

const people = (...codes: readonly string[]) => ({ people: codes, problem: null });
const codes = (count: number): string[] => Array.from({ length: count }, (_, index) => `u${index}`);

describe('ApproverResolver.approvers', () => {
  it('asks with one signed message who may review, and finds whom the answer names', async () => {
    const url = world.at(naming('bob', 'carol'));
    expect(await world.approvers(url)).toMatchObject(people('bob', 'carol'));

    const calls = world.callsTo(url);
    expect(calls).toHaveLength(1);
    const [call] = calls;
    expect(call?.headers['content-type']).toMatch(/^application\/json/);
    expect(call && verify(call, world.secret)).toEqual({
      type: 'order.resolve',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      data: {
        ticket_id: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
        business_type: 'export',
        business_key: 'EXP-1',
        acc_code: 't1',
        user_code: 'ann',
        apply_step: 2,
        node_name: '区域管理员',
        is_first: true,
        candidate: null,
        variables: { amount: 12800, 门店: 'S1' },
      },
    });
    const otherSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(() => call && verify(call, otherSecret)).toThrow(/signature/i);
  });

  it('asks under another id each time, and signs with both secrets during an overlap', async () => {
    const url = world.at(naming('bob'));
    const type = await created(world.app.as(boss), '/business-types', { code: 'rotated', name: 'R' });
    const rotated = await world.app.as(boss).post('/business-types/rotated/rotate-secret', { overlap: '1h' });
    for (let asked = 0; asked < 2; asked++) {
      await world.approvers(url, { businessType: 'rotated', businessTypeId: String(type.id) });
    }
    const calls = world.callsTo(url);
    expect(new Set(calls.map((call) => call.id)).size).toBe(2);
    for (const call of calls) {
      for (const secret of [type.secret, rotated.body.secret]) {
        expect(verify(call, String(secret))).toMatchObject({ data: { business_type: 'rotated' } });
      }
    }
  });

  it('names each once, without who is inactive or of another team; unlisted people count', async () => {
    const named = ['zoe', 'bob', 'away', 'zoe', 'eve', 'free', 'bob'];
    const url = world.at(naming(...named));
    expect(await world.approvers(url)).toMatchObject(people('zoe', 'bob', 'free'));
    const noTeam = { team: null, businessTypeId: null };
    expect(await world.approvers(url, noTeam)).toMatchObject({ people: [], problem: /./ });
  });

  it('takes nobody for an answer, also where nobody is left', async () => {
    expect(await world.approvers(world.at(naming()))).toMatchObject(people());
    expect(await world.approvers(world.at(naming('away', 'eve')))).toMatchObject(people());
    expect(await world.approvers(world.at(naming(...codes(200))))).toMatchObject(people(...codes(200)));
  });

  it('throws inside a transaction, and asks nothing', async () => {
    const url = world.at(naming('bob'));
    const resolver = world.app.get(ApproverResolver);
    const asking = world.app.get(UnitOfWork).run(() => resolver.approvers(world.question(url)));
    await expect(asking).rejects.toThrow('outside any transaction');
    expect(world.callsTo(url)).toEqual([]);
  });
});

describe('ApproverResolver.confirms', () => {
  it('asks whether one person may review', async () => {
    const url = world.at(naming('bob'));
    expect(await world.confirms(url, 'bob')).toBe(true);
    const [call] = world.callsTo(url);
    expect(call && verify(call, world.secret)).toMatchObject({
      type: 'order.resolve',
      data: { user_code: 'ann', is_first: false, candidate: 'bob' },
    });
  });

  it.each<[string, readonly unknown[], boolean]>([
    ['the person twice', ['bob', 'bob'], true],
    ['nobody', [], false],
    ['somebody else', ['carol'], false],
    ['others beside the person', ['bob', 'carol'], true],
    ['the person in capitals', ['BOB'], false],
    ['the person and what is no code', ['bob', 7], false],
  ])('given an answer that names %s, says so', async (_name, named, confirmed) => {
    expect(await world.confirms(world.at(naming(...named)), 'bob')).toBe(confirmed);
  });

  it('says no of somebody who is inactive, or of another team, whatever the answer', async () => {
    for (const userCode of ['away', 'eve']) {
      expect(await world.confirms(world.at(naming(userCode)), userCode)).toBe(false);
    }
    expect(await world.confirms(world.at(naming('unlisted')), 'unlisted')).toBe(true);
  });
});

describe('a business system that gives no answer', () => {
  const loginPage = '<!DOCTYPE html><html><body><form action="/login">hush</form></body></html>';
  const padded = (bytes: number) => `${JSON.stringify({ user_codes: ['bob'] })}${' '.repeat(bytes)}`;

  it.each<[string, Behaviour, RegExp]>([
    ['500', answerStatus(500), /it answered 500$/],
    ['404', answerStatus(404), /it answered 404$/],
    ['201', () => ({ status: 201, body: { user_codes: ['bob'] } }), /it answered 201$/],
    ['202', answerStatus(202), /it answered 202$/],
    ['HTML', answerBody(loginPage), /the answer is not JSON$/],
    ['nothing', answerBody(''), /the answer is not JSON$/],
    ['a list alone', answerBody('["bob"]'), /the answer is not a JSON object$/],
    ['another struct', answerBody({ userCodes: ['bob'] }), /the user_codes of the answer are no list$/],
    ['more than 64 KiB', answerBody(padded(64 * 1024)), /the answer is longer than 64 KiB$/],
    ['gigabytes', endless(2 ** 33, () => undefined), /the answer is longer than 64 KiB$/],
    ['201 people', naming(...codes(201)), /the answer names more than 200 people$/],
    ['10,000 people', naming(...codes(10_000)), /longer than 64 KiB|more than 200 people/],
    ['what is no code', naming('bob', 'carol,dave'), /what is no user code$/],
    ['the service itself', naming('system'), /what is no user code$/],
    ['another protocol', garbage, /not valid HTTP/],
    ['a closed connection', reset, /closed|failed/],
    ['half an answer', half, /closed|failed/],
    ['headers without end', hugeHeaders, /headers of the answer are too large/],
  ])('given %s, nobody is found or confirmed, and it is asked once', async (_name, behaviour, problem) => {
    const url = world.at(behaviour);
    const found = await world.approvers(url);
    expect(found).toEqual({ people: [], problem: expect.stringMatching(problem) as string });
    expect(found.problem).toMatch(/^the business system does not say who may review: /);
    for (const secret of [url, world.secret.slice(6), 'hush']) expect(found.problem).not.toContain(secret);
    expect(world.callsTo(url)).toHaveLength(1);
    expect(await world.confirms(url, 'bob')).toBe(false);
  });

  it('given a redirect, does not follow it', async () => {
    const goal = world.at(naming('bob'));
    for (const status of [301, 302, 307, 308]) {
      const url = world.at(answerStatus(status, { location: goal }));
      expect(await world.approvers(url)).toMatchObject({
        people: [],
        problem: expect.stringMatching(new RegExp(`it answered ${status}$`)) as string,
      });
      expect(await world.confirms(url, 'bob')).toBe(false);
    }
    expect(world.callsTo(goal)).toEqual([]);
  });

  it('given one that is slow, waits 5 seconds at most, however long callbacks may take', async () => {
    const slow = hold(naming('bob'));
    const began = performance.now();
    const urls = [slow.behaviour, dripping, unfinished].map((behaviour) => world.at(behaviour));
    const answers = await Promise.all([
      ...urls.map(async (url) => (await world.approvers(url)).problem),
      ...urls.map((url) => world.confirms(url, 'bob')),
    ]);
    const took = performance.now() - began;
    slow.release();
    const tooLate = expect.stringMatching(/it gave no complete answer within 5000 ms$/) as string;
    expect(answers).toEqual([tooLate, tooLate, tooLate, false, false, false]);
    expect(took).toBeGreaterThan(4_900);
    expect(took).toBeLessThan(15_000);
  });

  it('given an address where nobody listens, or that must not be called', async () => {
    const closed = await startBusinessModule();
    await closed.close();
    expect((await world.approvers(closed.url)).problem).toMatch(/connection was refused/);
    expect((await world.approvers('http://169.254.169.254/latest')).problem).toMatch(/leads to/);
    expect((await world.approvers('http://user:pw@127.0.0.1/')).problem).toMatch(
      /must hold neither user nor password$/,
    );
    expect((await world.approvers('http://no-such-host.invalid/')).problem).toMatch(
      /does not resolve|in time/,
    );
  });

  it('given no business type any more, asks nothing', async () => {
    const url = world.at(naming('bob'));
    const gone = [
      { businessTypeId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31' },
      { businessTypeId: null, businessType: 'gone' },
      { team: 't2' },
    ];
    for (const more of gone) {
      expect(await world.approvers(url, more)).toEqual({
        people: [],
        problem: expect.stringMatching(/there is no business type (export|gone) any more/) as string,
      });
    }
    expect(world.callsTo(url)).toEqual([]);
  });

  it('given a shorter CALLBACK_TIMEOUT, waits no longer than that', async () => {
    const hasty = await startResolverWorld({ CALLBACK_TIMEOUT: '300ms' });
    try {
      const slow = hold(naming('bob'));
      expect((await hasty.approvers(hasty.at(slow.behaviour))).problem).toMatch(/within 300 ms$/);
      slow.release();
    } finally {
      await hasty.close();
    }
  });
});
