import type { FoundWhy } from '../engine/events.js';
import { type Both, both } from '../http/language.js';

/** Why a rule found somebody, for people. */
export function reasonOf(why: FoundWhy, applicant: string): Both {
  const found = ruleOf(why, applicant);
  const kept = keptBy(why.within, applicant);
  return kept ? both(`${found.en}; ${kept.en}`, `${found.zh}，${kept.zh}`) : found;
}

function ruleOf({ rule, of = '', level }: FoundWhy, applicant: string): Both {
  switch (rule) {
    case 'named':
      return both('named by the node', '由节点指定');
    case 'group':
      return both(`in group ${of}`, `属于用户组 ${of}`);
    case 'role':
      return both(`has role ${of}`, `拥有角色 ${of}`);
    case 'leader':
      return both(
        `leader of department ${of}${aboveInEnglish(level, applicant)}`,
        `部门 ${of} 的主管${aboveInChinese(level, applicant)}`,
      );
    case 'chosen':
      return both('chosen by the applicant', '由申请人自选');
    case 'resolver':
      return both('named by the business system', '由业务系统指定');
  }
}

function keptBy(within: FoundWhy['within'], applicant: string): Both | null {
  if (!within) return null;
  const { restriction, department = '', level } = within;
  switch (restriction) {
    case 'group':
      return both(`in a group of ${applicant}'s`, `与 ${applicant} 同在一个用户组`);
    case 'department':
      return both(
        `in department ${department}, as ${applicant} is`,
        `与 ${applicant} 同在部门 ${department}`,
      );
    case 'department_chain':
      return both(
        `in department ${department}${aboveInEnglish(level, applicant)}`,
        `在部门 ${department}${aboveInChinese(level, applicant)}`,
      );
  }
}

const aboveInEnglish = (level: number | undefined, applicant: string): string =>
  level === undefined ? '' : ` (level ${level} above ${applicant})`;

const aboveInChinese = (level: number | undefined, applicant: string): string =>
  level === undefined ? '' : `（${applicant} 的第 ${level} 级上级部门）`;
