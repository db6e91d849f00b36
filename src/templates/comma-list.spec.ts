import { describe, expect, it } from 'vitest';
import { commaList } from './comma-list.js';

describe(commaList.name, () => {
  it('should join a list that fits, to the last byte', () => {
    expect(commaList([], 10)).toBe('');
    expect(commaList(['a'], 1)).toBe('a');
    expect(commaList(['ab', 'cd'], 5)).toBe('ab,cd');
  });

  it('should keep whole items only, and say that there are more', () => {
    expect(commaList(['abc', 'def', 'ghi'], 10)).toBe('abc,…');
    expect(commaList(['abc', 'def', 'ghi'], 11)).toBe('abc,def,ghi');
    expect(commaList(['abc', 'def', 'ghi', 'jkl'], 14)).toBe('abc,def,…');
  });

  it('should count bytes, as the columns do', () => {
    expect(commaList(['审批', '导出'], 13)).toBe('审批,导出');
    expect(commaList(['审批', '导出'], 12)).toBe('审批,…');
  });

  it('should show nothing but the mark when not even the first item fits', () => {
    expect(commaList(['abcdef', 'g'], 6)).toBe('…');
  });

  it('should hold 55 UUIDs in a varchar(2048), and cut the list of 56 behind them', () => {
    const ids = Array.from({ length: 56 }, () => '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30');
    expect(commaList(ids.slice(0, 55), 2048)).not.toContain('…');
    expect(commaList(ids, 2048)).toBe(`${ids.slice(0, 55).join(',')},…`);
  });
});
