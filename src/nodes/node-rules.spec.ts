import { describe, expect, it } from 'vitest';
import { approvalModes, nodeObjectTypes, nobodyPolicies, restrictions } from '../engine/vocabulary.js';
import {
  changedFinding,
  changeErrors,
  type Finding,
  type FindingChange,
  findingErrors,
  newFinding,
} from './node-rules.js';

const codes = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${index}`);
/** A list that fits each type. */
const fitting = {
  user: ['u1'],
  group: ['g1'],
  role: ['r1'],
  leader: ['1'],
  applicant_choice: [],
  resolver: ['https://dms.example.com/approvers'],
} as const satisfies Record<Finding['auditObjectType'], readonly string[]>;

const given = (change: FindingChange = {}): Finding => {
  const auditObjectType = change.auditObjectType ?? 'user';
  return newFinding({ auditObjectType, auditObject: fitting[auditObjectType], ...change });
};
const wrongFields = (finding: Finding): string[] => findingErrors(finding).map(({ field }) => field);
const messageOf = (finding: Finding): string | undefined => findingErrors(finding)[0]?.message;

describe(newFinding.name, () => {
  it('should fill in the defaults', () => {
    expect(newFinding({ auditObjectType: 'user', auditObject: ['u1'] })).toEqual({
      auditObjectType: 'user',
      auditObject: ['u1'],
      approvalMode: 'any',
      minApprovals: null,
      restrictTo: null,
      pastVacant: false,
      whenNobody: 'refuse',
      fallback: [],
    });
  });

  it('should take a number of approvals without a mode for threshold', () => {
    expect(given({ auditObject: ['u1', 'u2'], minApprovals: 2 })).toMatchObject({
      approvalMode: 'threshold',
      minApprovals: 2,
    });
    expect(given({ minApprovals: null })).toMatchObject({ approvalMode: 'any', minApprovals: null });
  });

  it('should not correct a number of approvals beside another mode', () => {
    expect(wrongFields(given({ approvalMode: 'any', minApprovals: 1 }))).toEqual(['minApprovals']);
  });

  it('should store the commas of an address encoded, and those of codes not at all', () => {
    const auditObject = ['https://h.example/a,b?c=1,2'];
    expect(given({ auditObjectType: 'resolver', auditObject }).auditObject).toEqual([
      'https://h.example/a%2Cb?c=1%2C2',
    ]);
    expect(wrongFields(given({ auditObject: ['a,b'] }))).toEqual(['auditObject']);
  });
});

describe(findingErrors.name, () => {
  it.each(nodeObjectTypes)('should take a plain node of type %s with every whenNobody', (auditObjectType) => {
    for (const whenNobody of nobodyPolicies) {
      const fallback = whenNobody === 'fallback' ? ['u9'] : [];
      expect(findingErrors(given({ auditObjectType, whenNobody, fallback }))).toEqual([]);
    }
  });

  it.each([
    ['user', codes(200)],
    ['user', ['审'.repeat(64)]],
    ['user', ['a/b']],
    ['group', codes(200)],
    ['role', codes(20)],
    ['role', ['system_admin']],
    ['leader', ['20']],
    ['leader', ['9']],
    ['applicant_choice', codes(200)],
    ['resolver', [`https://h/${'p'.repeat(2038)}`]],
    ['resolver', ['http://h.example:8080/审批?a=b']],
  ] as const)('should take for %s %j', (auditObjectType, auditObject) => {
    expect(findingErrors(given({ auditObjectType, auditObject }))).toEqual([]);
  });

  it.each([
    ['user', [], 'must hold 1 to 200 user codes'],
    ['user', codes(201), 'must hold 1 to 200 user codes'],
    ['user', ['u'.repeat(65)], 'must hold codes of at most 64 characters'],
    ['user', [' u'], 'must hold no comma, no control character and no outer blanks'],
    ['group', [], 'must hold 1 to 200 group codes'],
    ['group', codes(201), 'must hold 1 to 200 group codes'],
    ['group', ['a/b'], 'must hold no slash in a group code'],
    ['role', [], 'must hold 1 to 20 roles'],
    ['role', codes(21), 'must hold 1 to 20 roles'],
    ['role', ['r'.repeat(65)], 'must hold codes of at most 64 characters'],
    ['leader', [], 'must hold one whole number from "1" to "20" for a leader'],
    ['leader', ['1', '2'], 'must hold one whole number from "1" to "20" for a leader'],
    ...['0', '21', '01', '-1', '1.5', '1e1', ' 1', 'ann', '١'].map(
      (level) => ['leader', [level], 'must hold one whole number from "1" to "20" for a leader'] as const,
    ),
    ['applicant_choice', codes(201), 'must hold 0 to 200 user codes'],
    ['applicant_choice', ['a,b'], 'must hold no comma, no control character and no outer blanks'],
    ['resolver', [], 'must hold one address for a resolver'],
    ['resolver', ['http://a', 'http://b'], 'must hold one address for a resolver'],
    ['resolver', ['dms.example.com'], 'must be a URL that begins with http:// or https://'],
    ['resolver', ['ftp://h/'], 'must be a URL that begins with http:// or https://'],
    ['resolver', ['http://u:p@h/'], 'must hold neither user nor password'],
    ['resolver', [`https://h/${'p'.repeat(2039)}`], 'must be at most 2048 characters'],
    ['resolver', [`https://h/${'p'.repeat(2037)},`], 'must be at most 2048 characters'],
  ] as const)('should refuse for %s %j', (auditObjectType, auditObject, message) => {
    expect(findingErrors(given({ auditObjectType, auditObject }))).toEqual([
      { field: 'auditObject', message },
    ]);
  });

  it.each(approvalModes.filter((mode) => mode !== 'threshold'))(
    'should refuse a number of approvals beside the mode %s',
    (approvalMode) => {
      expect(findingErrors(given({ approvalMode }))).toEqual([]);
      expect(messageOf(given({ approvalMode, minApprovals: 1 }))).toBe(
        `is for approvalMode threshold only, not for ${approvalMode}`,
      );
    },
  );

  it('should refuse a threshold without a number', () => {
    expect(messageOf(given({ approvalMode: 'threshold' }))).toContain('must say how many approvals');
  });

  it.each([
    ['user', codes(2), 3, 'asks for 3 approvals of 2 people'],
    ['user', codes(1), 2, 'asks for 2 approvals of 1 person'],
    ['applicant_choice', codes(2), 3, 'asks for 3 approvals of 2 people'],
    ['leader', ['1'], 2, 'asks for 2 approvals of 1 person'],
    ['user', codes(3), 3, undefined],
    ['applicant_choice', codes(3), 3, undefined],
    ['applicant_choice', [], 200, undefined],
    ['leader', ['1'], 1, undefined],
    ['group', ['g'], 200, undefined],
    ['role', ['r'], 200, undefined],
    ['resolver', ['http://h/'], 200, undefined],
  ] as const)(
    'should judge for %s %j a threshold of %i',
    (auditObjectType, auditObject, minApprovals, message) => {
      expect(messageOf(given({ auditObjectType, auditObject, minApprovals }))).toBe(message);
    },
  );

  it.each(nodeObjectTypes)('should judge whom %s may be restricted to', (auditObjectType) => {
    const fits = ['user', 'group', 'role'].includes(auditObjectType);
    for (const restrictTo of restrictions) {
      expect(wrongFields(given({ auditObjectType, restrictTo }))).toEqual(fits ? [] : ['restrictTo']);
    }
  });

  it.each(nodeObjectTypes)('should take pastVacant for leaders only, here %s', (auditObjectType) => {
    const wrong = auditObjectType === 'leader' ? [] : ['pastVacant'];
    expect(wrongFields(given({ auditObjectType, pastVacant: true }))).toEqual(wrong);
    expect(wrongFields(given({ auditObjectType, pastVacant: false }))).toEqual([]);
  });

  it('should want people with the policy fallback, and with no other', () => {
    expect(wrongFields(given({ whenNobody: 'fallback' }))).toEqual(['fallback']);
    expect(wrongFields(given({ fallback: ['u9'] }))).toEqual(['fallback']);
    expect(wrongFields(given({ whenNobody: 'skip', fallback: ['u9'] }))).toEqual(['fallback']);
  });

  it('should name every wrong field at once', () => {
    const finding = given({
      auditObjectType: 'group',
      auditObject: [],
      approvalMode: 'all',
      minApprovals: 1,
      pastVacant: true,
      whenNobody: 'fallback',
    });
    expect(wrongFields(finding)).toEqual(['auditObject', 'minApprovals', 'pastVacant', 'fallback']);
  });
});

describe(changedFinding.name, () => {
  const threshold = given({ auditObject: ['u1', 'u2', 'u3'], minApprovals: 2 });
  const fallingBack = given({ whenNobody: 'fallback', fallback: ['u9'] });

  it('should leave what is not given', () => {
    const before = given({ auditObjectType: 'leader', pastVacant: true, whenNobody: 'admin' });
    for (const finding of [threshold, fallingBack, before, given({ restrictTo: 'group' })]) {
      expect(changedFinding(finding, {})).toEqual(finding);
    }
  });

  it('should take what is given, a null and an empty list too', () => {
    expect(changedFinding(given({ restrictTo: 'group' }), { restrictTo: null }).restrictTo).toBeNull();
    expect(wrongFields(changedFinding(threshold, { minApprovals: null }))).toEqual(['minApprovals']);
    expect(wrongFields(changedFinding(fallingBack, { fallback: [] }))).toEqual(['fallback']);
  });

  it('should clear the number of approvals with the mode, unless it is given', () => {
    expect(changedFinding(threshold, { approvalMode: 'all' })).toMatchObject({ minApprovals: null });
    const both = changedFinding(threshold, { approvalMode: 'all', minApprovals: 2 });
    expect(wrongFields(both)).toEqual(['minApprovals']);
  });

  it('should not turn a stored mode into threshold', () => {
    expect(wrongFields(changedFinding(given(), { minApprovals: 1 }))).toEqual(['minApprovals']);
  });

  it('should clear the people to fall back on with the policy, unless they are given', () => {
    expect(changedFinding(fallingBack, { whenNobody: 'skip' })).toMatchObject({ fallback: [] });
    const both = changedFinding(fallingBack, { whenNobody: 'skip', fallback: ['u9'] });
    expect(wrongFields(both)).toEqual(['fallback']);
  });
});

describe(changeErrors.name, () => {
  it('should want the list too when the type becomes resolver or is one no longer', () => {
    const resolver = given({ auditObjectType: 'resolver' });
    expect(changeErrors(resolver, { auditObjectType: 'user' })).toHaveLength(1);
    expect(changeErrors(given(), { auditObjectType: 'resolver' })).toHaveLength(1);
    expect(changeErrors(given(), { auditObjectType: 'resolver', auditObject: ['http://h/'] })).toEqual([]);
    expect(changeErrors(resolver, { auditObjectType: 'user', auditObject: ['u'] })).toEqual([]);
    expect(changeErrors(resolver, { auditObjectType: 'resolver' })).toEqual([]);
    expect(changeErrors(given(), { auditObjectType: 'group' })).toEqual([]);
    expect(changeErrors(given(), {})).toEqual([]);
  });
});
