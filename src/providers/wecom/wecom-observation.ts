import { ProviderFailure } from '../provider-failure.js';
import type { Observation, OutsideStatus, OutsideTask, OutsideWidget } from '../provider.port.js';
import { chineseOf, objectOf, objectsOf } from './wecom-template.js';
import { plainValue } from './wecom-values.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * 审批中, 已通过, 已驳回, 已撤销, 通过后撤销, 已删除, 已支付. What was revoked after it had passed counts as withdrawn: an order
 * that is over by then minds neither.
 */
const statuses: Readonly<Record<number, OutsideStatus>> = {
  1: 'pending',
  2: 'approved',
  3: 'rejected',
  4: 'withdrawn',
  6: 'withdrawn',
  7: 'gone',
  10: 'approved',
};

/** 审批中, 已同意, 已驳回, 已转审; whatever else ends a task otherwise. */
const taskStatuses: Readonly<Record<number, OutsideTask['status']>> = {
  1: 'pending',
  2: 'approved',
  3: 'rejected',
  4: 'transferred',
};

/** Nodes of carbon copies (抄送人) ask nobody. */
const copyNode = 2;

/**
 * Translates an answer of `oa/getapprovaldetail` (获取审批申请详情).
 * @throws ProviderFailure for a status that WeCom did not have when this was written
 */
export function observationOf(info: Json): Observation {
  const status = statuses[Number(info.sp_status)];
  if (status === undefined) {
    throw new ProviderFailure(
      `/cgi-bin/oa/getapprovaldetail was answered with sp_status ${String(info.sp_status).slice(0, 20)}, which is not known here`,
    );
  }
  const applicant = idOf(objectOf(info.applyer).userid);
  const tasks = tasksOf(info, status);
  const decision = decisionOf(tasks, status);
  return {
    externalId: String(info.sp_no),
    // A control may hold it, but whoever applies there can write into controls: it proves nothing.
    key: null,
    formCode: idOf(info.template_id),
    title: idOf(info.sp_name),
    status,
    applicant,
    decidedBy: Number(info.sp_status) === 4 ? applicant : (decision?.externalId ?? null),
    comment: decision?.comment ?? null,
    tasks,
    widgets: widgetsOf(info),
  };
}

/** Of what ended it: the last approval, or the rejection; null where it was neither. */
function decisionOf(tasks: readonly OutsideTask[], status: OutsideStatus): OutsideTask | null {
  if (status !== 'approved' && status !== 'rejected') return null;
  const made = tasks.filter((task) => task.status === status);
  const when = (task: OutsideTask): number => task.endedAt?.getTime() ?? 0;
  return made.reduce<OutsideTask | null>(
    (last, task) => (last === null || when(task) >= when(last) ? task : last),
    null,
  );
}

/** Of each person on each node. WeCom tells them in an older form, `sp_record`, and in a newer one, `process_list`. */
function tasksOf(info: Json, status: OutsideStatus): readonly OutsideTask[] {
  const records = objectsOf(info.sp_record);
  const nodes =
    records.length > 0
      ? records.map(({ details }) =>
          objectsOf(details).map(({ approver, speech, sp_status, sptime }) => ({
            person: objectOf(approver).userid,
            speech,
            state: sp_status,
            time: sptime,
          })),
        )
      : objectsOf(objectOf(info.process_list).node_list)
          .filter(({ node_type }) => node_type !== copyNode)
          .map(({ sub_node_list }) =>
            objectsOf(sub_node_list).map(({ userid, speech, sp_yj, sptime }) => ({
              person: userid,
              speech,
              state: sp_yj,
              time: sptime,
            })),
          );
  return nodes.flatMap((people, node) =>
    people.map(({ person, speech, state, time }, index) => {
      const known = taskStatuses[Number(state)] ?? 'ended';
      return {
        // WeCom has no ids of tasks: the place in the flow tells them apart.
        id: `${node + 1}.${index + 1}`,
        nodeName: null,
        externalId: idOf(person),
        status: known === 'pending' && status !== 'pending' ? 'ended' : known,
        comment: idOf(speech),
        endedAt: Number(time) > 0 ? new Date(Number(time) * 1000) : null,
        ours: null,
      };
    }),
  );
}

const widgetsOf = (info: Json): readonly OutsideWidget[] =>
  objectsOf(objectOf(info.apply_data).contents).map((content) => ({
    id: String(content.id),
    name: chineseOf(content.title),
    type: String(content.control),
    value: plainValue(String(content.control), objectOf(content.value)),
    whole: content,
  }));

const idOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
