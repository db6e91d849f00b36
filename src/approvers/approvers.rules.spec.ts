import { describe, expect, it } from 'vitest';
import { type RuleGiven, ruleErrors } from './approvers.rules.js';

const fieldsOf = (given: RuleGiven): string[] => ruleErrors(given).map(({ field }) => field);

describe(ruleErrors.name, () => {
  it.each<RuleGiven>([
    { nodeId: 'n1' },
    { auditObjectType: 'user', auditObject: ['u1'] },
    { auditObjectType: 'group', auditObject: ['g1'], restrictTo: 'group', pastVacant: false },
    { auditObjectType: 'role', auditObject: ['经理'], restrictTo: 'department_chain' },
    { auditObjectType: 'leader', auditObject: ['1'], restrictTo: null },
    { auditObjectType: 'leader', auditObject: ['20'], pastVacant: true },
    { auditObjectType: 'applicant_choice', auditObject: [] },
    { auditObjectType: 'applicant_choice', auditObject: ['u1'] },
    { auditObjectType: 'resolver', auditObject: ['https://example.com/who?a=1'] },
  ])('given %j, finds nothing wrong', (given) => {
    expect(ruleErrors(given)).toEqual([]);
  });

  it.each<[RuleGiven, readonly string[]]>([
    [{}, ['nodeId']],
    [{ auditObject: ['u1'] }, ['nodeId']],
    [{ auditObjectType: 'user' }, ['auditObject']],
    [{ nodeId: 'n1', auditObjectType: 'user', auditObject: ['u1'] }, ['auditObjectType', 'auditObject']],
    [{ nodeId: 'n1', restrictTo: null, pastVacant: false }, ['restrictTo', 'pastVacant']],
    [{ auditObjectType: 'user', auditObject: [] }, ['auditObject']],
    [{ auditObjectType: 'user', auditObject: ['u1', 'u2,u3'] }, ['auditObject']],
    [{ auditObjectType: 'role', auditObject: ['x'.repeat(65)] }, ['auditObject']],
    [{ auditObjectType: 'group', auditObject: ['t1/fin'] }, ['auditObject']],
    [{ auditObjectType: 'leader', auditObject: ['0'] }, ['auditObject']],
    [{ auditObjectType: 'leader', auditObject: ['21'] }, ['auditObject']],
    [{ auditObjectType: 'leader', auditObject: ['1', '2'] }, ['auditObject']],
    [{ auditObjectType: 'leader', auditObject: ['bob'], restrictTo: 'group' }, ['auditObject', 'restrictTo']],
    [{ auditObjectType: 'role', auditObject: ['r'], pastVacant: true }, ['pastVacant']],
    [{ auditObjectType: 'resolver', auditObject: [] }, ['auditObject']],
    [{ auditObjectType: 'resolver', auditObject: ['ftp://example.com/'] }, ['auditObject']],
    [{ auditObjectType: 'resolver', auditObject: ['https://u:p@example.com/'] }, ['auditObject']],
    [{ auditObjectType: 'resolver', auditObject: ['https://a.com/', 'https://b.com/'] }, ['auditObject']],
  ])('given %j, names the fields %j', (given, fields) => {
    expect(fieldsOf(given)).toEqual(fields);
  });
});
