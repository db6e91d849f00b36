import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApproverFinder, type Search } from '../../src/approvers/approver-finder.service.js';
import { insertRows, type Sql } from '../../src/database/sql.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { plainFinding } from '../../src/engine/order-state.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { directoryOf, foundBy, plantDepartments, resolve } from '../support/resolver-people.js';
import { boss, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let system: Client;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  [admin, system] = [app.as(boss), app.as(root)];
  given = directoryOf(system);
});
afterAll(() => app.close());

const found = (userCode: string, rule: object): Promise<string[]> => foundBy(admin, userCode, rule);

describe('leader', () => {
  // desk (an inactive leader) → shop (ann) → region (vacant) → east (cleo) → land (cleo) → head (otto)
  beforeAll(async () => {
    await given.user('away', { active: false });
    await given.user('cleo');
    await given.department('head', { leader: 'otto' });
    await given.department('land', { parent: 'head', leader: 'cleo' });
    await given.department('east', { parent: 'land', leader: 'cleo' });
    await given.department('region', { parent: 'east' });
    await given.department('shop', { parent: 'region', leader: 'ann' });
    await given.department('desk', { parent: 'shop', leader: 'away' });
    await given.user('ann', { department: 'desk' });
    await given.user('bob', { department: 'shop' });
    await given.user('nowhere');
  });

  const leader = (n: number, pastVacant?: boolean) => ({
    auditObjectType: 'leader',
    auditObject: [String(n)],
    ...(pastVacant === undefined ? {} : { pastVacant }),
  });

  it('finds the leader of the n-th department above the applicant', async () => {
    expect(await found('bob', leader(1))).toEqual(['ann: leader of department shop (level 1 above bob)']);
    expect(await found('bob', leader(3))).toEqual(['cleo: leader of department east (level 3 above bob)']);
    expect(await found('bob', leader(5))).toEqual(['otto: leader of department head (level 5 above bob)']);
  });

  it('finds nobody for an inactive leader, the applicant, a vacant post, or above the last', async () => {
    for (const n of [1, 2, 3, 7, 20]) expect(await found('ann', leader(n, false))).toEqual([]);
    expect(await found('ann', leader(6))).toHaveLength(1);
  });

  it('goes on upwards past such posts where the rule says so, and counts nobody twice in a row', async () => {
    expect(await found('ann', leader(1, true))).toEqual([
      'cleo: leader of department east (level 4 above ann)',
    ]);
    expect(await found('ann', leader(2, true))).toEqual([
      'otto: leader of department head (level 6 above ann)',
    ]);
    expect(await found('ann', leader(3, true))).toEqual([]);
  });

  it('finds nobody above whom the team does not list, or who is in no department', async () => {
    for (const userCode of ['unlisted', 'nowhere']) {
      expect(await found(userCode, leader(1, true))).toEqual([]);
    }
  });

  it('ends where departments form a circle in the data', async () => {
    await plantDepartments(app, [
      ['t1', 'x', 'y', 'zoe'],
      ['t1', 'y', 'x', 'yan'],
      ['t1', 'self', 'self', 'sol'],
    ]);
    await given.user('inx', { department: 'x' });
    await given.user('sol', { department: 'self' });

    expect(await found('inx', leader(2))).toEqual(['yan: leader of department y (level 2 above inx)']);
    for (const pastVacant of [true, false]) {
      expect(await found('inx', leader(3, pastVacant))).toEqual([]);
      expect(await found('sol', leader(1, pastVacant))).toEqual([]);
    }
  });

  it("means the team's own department before the platform's", async () => {
    await given.department('store', { accCode: undefined, leader: 'platform-leader' });
    await given.user('pia', { department: 'store' });
    const first = async () => (await found('pia', leader(1)))[0];
    expect(await first()).toMatch(/^platform-leader:/);
    await given.department('store', { leader: 'own-leader' });
    expect(await first()).toMatch(/^own-leader:/);
  });
});

describe('restrictTo', () => {
  // far → field → root; managers mia (far), max (field), moe and meg (root), mel (a branch), mob (another team)
  beforeAll(async () => {
    await given.department('root');
    await given.department('field', { parent: 'root' });
    await given.department('far', { parent: 'field' });
    await given.department('branch', { parent: 'root' });
    const manager = (code: string, department: string | null, about: object = {}) =>
      given.user(code, { department, roles: ['manager'], ...about });
    await manager('max', 'field');
    await manager('meg', 'root');
    await manager('moe', 'root');
    await manager('mel', 'branch');
    await manager('idle', 'far', { active: false });
    await manager('mob', 'far', { accCode: 't2' });
    await given.user('low', { department: 'far' });
    await given.user('top', { department: 'root' });
    await given.user('stray');
    await given.group('sales', ['low', 'mel', 'idle']);
    await given.group('choir', ['low', 'meg', 'mob'], {});
    await given.group('sales', ['low', 'moe'], { accCode: 't2' });
  });

  const managers = (restrictTo?: string) => ({
    auditObjectType: 'role',
    auditObject: ['manager'],
    ...(restrictTo === undefined ? {} : { restrictTo }),
  });

  it('left out, keeps everybody behind the role who can review for the team', async () => {
    expect(await found('low', managers())).toEqual(
      ['max', 'meg', 'mel', 'moe'].map((code) => `${code}: has role manager`),
    );
  });

  it("group keeps who shares one of the team's groups, or of the platform's, with the applicant", async () => {
    expect(await found('low', managers('group'))).toEqual([
      "meg: has role manager; in a group of low's",
      "mel: has role manager; in a group of low's",
    ]);
    expect(await found('stray', managers('group'))).toEqual([]);
  });

  it("department keeps who is in the applicant's", async () => {
    expect(await found('top', managers('department'))).toEqual([
      'meg: has role manager; in department root, as top is',
      'moe: has role manager; in department root, as top is',
    ]);
    for (const userCode of ['low', 'stray', 'unlisted']) {
      expect(await found(userCode, managers('department'))).toEqual([]);
    }
  });

  it('department_chain keeps those of the nearest department upwards that has one', async () => {
    const chain = managers('department_chain');
    expect(await found('low', chain)).toEqual([
      'max: has role manager; in department field (level 2 above low)',
    ]);
    expect(await found('top', chain)).toEqual([
      'meg: has role manager; in department root (level 1 above top)',
      'moe: has role manager; in department root (level 1 above top)',
    ]);
    for (const userCode of ['stray', 'unlisted']) expect(await found(userCode, chain)).toEqual([]);
  });

  it('takes the applicant for a person like others', async () => {
    const own = (group: string) => found('meg', managers(group));
    expect(await own('group')).toEqual(["meg: has role manager; in a group of meg's"]);
    expect(await own('department_chain')).toHaveLength(2);
  });

  it('narrows people and groups too, in the sequence of the list, each once', async () => {
    const people = { auditObjectType: 'user', auditObject: ['moe', 'max', 'idle', 'meg', 'unlisted'] };
    expect(await found('top', people)).toEqual(
      ['moe', 'max', 'meg', 'unlisted'].map((code) => `${code}: named by the node`),
    );
    expect(
      (await found('top', { ...people, restrictTo: 'department' })).map((one) => one.slice(0, 3)),
    ).toEqual(['moe', 'meg']);
    const groups = { auditObjectType: 'group', auditObject: ['sales', 'choir', 'no-such-group'] };
    expect(await found('low', groups)).toEqual([
      'low: in group sales',
      'mel: in group sales',
      'meg: in group choir',
    ]);
    expect(await found('low', { ...groups, restrictTo: 'department' })).toEqual([
      'low: in group sales; in department far, as low is',
    ]);
  });
});

describe('applicant_choice', () => {
  const choice = (candidates: readonly string[], chosenApprovers?: readonly string[]) => ({
    auditObjectType: 'applicant_choice',
    auditObject: candidates,
    ...(chosenApprovers ? { chosenApprovers } : {}),
  });
  beforeAll(async () => {
    await given.user('carl');
    await given.user('gone', { active: false });
    await given.user('alien', { accCode: 't2' });
  });

  it('finds whom the applicant chose, in that sequence', async () => {
    expect(await found('ann', choice([], ['carl', 'cleo']))).toEqual([
      'carl: chosen by the applicant',
      'cleo: chosen by the applicant',
    ]);
    expect(await found('ann', choice(['unlisted', 'carl'], ['unlisted']))).toEqual([
      'unlisted: chosen by the applicant',
    ]);
    expect(await found('ann', choice([]))).toEqual([]);
  });

  it('refuses who is no candidate, not listed where there are none, or inactive', async () => {
    for (const [candidates, chosen, named] of [
      [['carl'], ['cleo', 'carl'], 'cleo'],
      [['gone', 'carl'], ['gone'], 'gone'],
      [[], ['unlisted', 'carl', 'gone', 'alien'], 'unlisted, gone, alien'],
    ] as const) {
      const answer = await resolve(admin, 'ann', choice(candidates, chosen));
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
      expect(answer.body.errors).toEqual([{ field: 'chosenApprovers', message: `may not name ${named}` }]);
    }
  });

  it('leaves out who has become inactive, or is no candidate any more, when an order asks', async () => {
    const chosen = { ...plainFinding, chosen: ['gone', 'carl', 'cleo'] };
    const search = { ...searchOf('applicant_choice', []), auditObject: ['gone', 'carl'], finding: chosen };
    expect(await app.get(ApproverFinder).find(app.database, search)).toEqual({
      people: ['carl'],
      problem: null,
      why: [{ userCode: 'carl', rule: 'chosen' }],
    });
  });
});

const searchOf = (
  auditObjectType: Search['auditObjectType'],
  subjects: readonly string[],
  restrictTo: Search['finding']['restrictTo'] = null,
): Search => ({
  team: 't1',
  applicant: 'low',
  auditObjectType,
  auditObject: ['1'],
  subjects,
  finding: { ...plainFinding, restrictTo },
});

describe('ApproverFinder', () => {
  it('throws for a resolver, which is asked elsewhere', async () => {
    const search = searchOf('resolver', []);
    await expect(app.get(ApproverFinder).find(app.database, search)).rejects.toThrow(
      'outside any transaction',
    );
  });

  it('can be asked inside a transaction', async () => {
    const search = searchOf('role', ['r:manager'], 'department_chain');
    const finding = await app.get(UnitOfWork).run((tx) => app.get(ApproverFinder).find(tx, search));
    expect(finding.people).toEqual(['max']);
  });

  it('takes a handful of statements for 41,000 people', async () => {
    const members = Array.from({ length: 41_000 }, (_, index) => `crowd-${index}`);
    await given.group('sales-all', ['low']);
    await app.get(UnitOfWork).run((tx) =>
      insertRows(
        tx,
        'dms_s_apply_group_member',
        ['scope', 'group_code', 'user_code'],
        members.map((code) => ['t1', 'sales-all', code]),
      ),
    );
    for (const [restrictTo, size, most] of [
      [null, 41_001, 2],
      ['group', 41_001, 5],
      ['department', 1, 5],
      ['department_chain', 1, 6],
    ] as const) {
      let statements = 0;
      const counting: Sql = {
        rows: (sql, values) => {
          statements++;
          return app.database.rows(sql, values);
        },
        repository: (entity) => app.database.repository(entity),
      };
      const search = searchOf('group', ['g:t1/sales-all'], restrictTo);
      const { people } = await app.get(ApproverFinder).find(counting, search);
      expect(people).toHaveLength(size);
      expect(statements).toBeLessThanOrEqual(most);
    }
  });
});

describe('another team', () => {
  it('finds its own people for an applicant of its own', async () => {
    const managers = { auditObjectType: 'role', auditObject: ['manager'] };
    expect(await foundBy(app.as(rival), 'mob', managers)).toEqual(['mob: has role manager']);
  });
});
