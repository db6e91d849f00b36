import { randomUUID } from 'node:crypto';
import type { LarkWidget } from './lark-forms.js';
import type { LarkDefinition, LarkNode } from './lark-native.js';

/** A definition as a test needs it; everything has a default. */
export interface DefinitionGiven {
  readonly code?: string;
  readonly name?: string;
  readonly widgets?: readonly LarkWidget[];
  readonly nodes?: readonly (Partial<LarkNode> & Pick<LarkNode, 'name' | 'approvers'>)[];
  readonly dedupe?: LarkDefinition['dedupe'];
}

/** Widgets of the common types, with Chinese names as people give them. */
export const everydayWidgets: readonly LarkWidget[] = [
  { id: 'widget16510509704570001', name: '申请原因', type: 'textarea', required: true },
  { id: 'widget16510509704570002', custom_id: 'amount', name: '金额', type: 'number', required: false },
  {
    id: 'widget16510509704570003',
    name: '环境',
    type: 'radioV2',
    required: false,
    option: [
      { text: '测试', value: 'kx1-test' },
      { text: '生产', value: 'kx1-prod' },
    ],
  },
];

/** Requirement 001: the check node first, the execute node last, both the assistant's; 审批人去重 as it wants it. */
export function definitionOf(given: DefinitionGiven, assistant: string): LarkDefinition {
  const nodes = given.nodes ?? [
    { name: 'check_node', approvers: [assistant] },
    { name: '审批', approvers: ['lee'] },
    { name: 'execute_node', approvers: [assistant] },
  ];
  return {
    code: given.code ?? randomUUID().toUpperCase(),
    name: given.name ?? '管理后台权限申请',
    status: 'ACTIVE',
    widgets: given.widgets ?? everydayWidgets,
    nodes: nodes.map((node) => ({
      id: randomUUID().replaceAll('-', ''),
      type: 'AND',
      ...node,
    })),
    dedupe: given.dedupe ?? 'consecutive',
  };
}
