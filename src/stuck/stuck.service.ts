import { Inject, Injectable } from '@nestjs/common';
import type { TeamScope } from '../auth/principal.js';
import { CONFIG, type Config } from '../config/config.js';
import { fromDbTime } from '../database/dialect.js';
import { SharedClock } from '../database/shared-clock.js';
import { applyStatusCodes, nameOf } from '../engine/codes.js';
import { isGroupSubject, type Subject, userOfSubject, userSubject } from '../engine/vocabulary.js';
import { durationText } from '../http/fields.js';
import { type Page, pageOf, type PageWindow } from '../http/pagination.js';
import * as free from './actions.js';
import { type Behind, behindSeats, type Directory, sharedSubjects } from './behind.js';
import { BehindRepository, type SeatBehind } from './behind.repository.js';
import type { StuckBecause, StuckOrder } from './stuck.dto.js';
import { type ParkedRow, type StuckFilter, StuckRepository, type StuckRow } from './stuck.repository.js';

/** What other rooms may show of a stuck order. */
export { StuckOrder } from './stuck.dto.js';

/** How many people or groups one order's actions name. */
const named = 5;

/** Finds the orders that go no further by themselves, why, and what would free them. Reads only. */
@Injectable()
export class StuckService {
  constructor(
    private readonly stuck: StuckRepository,
    private readonly behind: BehindRepository,
    private readonly clock: SharedClock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Newest first; a few statements a page, whatever it holds. The caller's right to the teams is judged before. */
  async page(scope: TeamScope, filter: StuckFilter, window: PageWindow): Promise<Page<StuckOrder>> {
    const now = await this.clock.now();
    const overdueBy = now - this.config.stuckAfter;
    const found = await this.stuck.ids(scope, filter, overdueBy, window.take, window.after);
    const { items: ids, nextCursor } = pageOf(
      found,
      window,
      (id) => id,
      (id) => id,
    );
    const rows = new Map((await this.stuck.details(ids)).map((row) => [row.id, row]));
    const parked = new Map((await this.stuck.parked(ids)).map((row) => [row.order_id, row]));
    const unreachable = [...rows.values()].filter((row) => row.unreachable !== null);
    const seats = await this.behind.seats(unreachable.map((row) => row.id));
    const directory = await this.directory(seats);
    const seatsOf = byOrder(seats);
    const items = ids.flatMap((id) => {
      const row = rows.get(id);
      if (!row) return [];
      const reasons = [
        ...this.nobody(row, seatsOf.get(id) ?? [], directory),
        ...because(parked.get(id), becauseParked),
        ...this.overdue(row, now),
      ];
      // Somebody has freed it since its id was read.
      return reasons.length > 0 ? [toStuck(row, reasons)] : [];
    });
    return { items, nextCursor };
  }

  private async directory(seats: readonly SeatBehind[]): Promise<Directory> {
    const { groups, roles } = sharedSubjects(seats);
    const holders = [
      ...(groups.length > 0 ? await this.behind.members(groups) : []),
      ...(roles.length > 0 ? await this.behind.holders(roles) : []),
    ];
    const byName = seats.flatMap((seat) => (seat.state === 1 ? (userOfSubject(seat.subject) ?? []) : []));
    const people = await this.behind.people([...byName, ...holders.map((holder) => holder.user_code)]);
    return {
      groups: groups.length > 0 ? await this.behind.groups(groups) : [],
      holders,
      people: new Map(people.map((person) => [person.user_code, person])),
    };
  }

  private nobody(row: StuckRow, seats: readonly SeatBehind[], directory: Directory): StuckBecause[] {
    const { id, unreachable: reason, apply_step: applyStep, node_name: nodeName } = row;
    if (reason === null) return [];
    const who = behindSeats(row.acc_code, applyStep ?? 0, seats, directory);
    const step = `Step ${applyStep} "${nodeName}"`;
    const stepZh = `步骤 ${applyStep}「${nodeName}」`;
    const words = {
      nobody_asked: [
        `${step} asks nobody${who.subjects.length > 0 ? `: nobody is in ${listed(who.subjects.map(groupOrRole))}` : ''}.`,
        `${stepZh}没有审核人${who.subjects.length > 0 ? `：${listed(who.subjects.map(groupOrRoleZh))}中没有人员` : ''}。`,
      ],
      everyone_inactive: [
        `${step} waits only for people who are inactive: ${listed(codesOf(who))}.`,
        `${stepZh}等待的人员均已停用：${listed(codesOf(who))}。`,
      ],
      nobody_eligible: [
        `${step} waits only for people who may not decide it: ${listed(who.barred)}.`,
        `${stepZh}等待的人员均无权审核：${listed(who.barred)}。`,
      ],
    } as const satisfies Record<typeof reason, readonly [string, string]>;
    const [detail, detailZh] = words[reason];
    const since = Math.max(timeOf(row.step_time ?? row.create_time), who.changed?.getTime() ?? 0);
    return [
      {
        reason,
        applyStep,
        detail,
        detailZh,
        since: new Date(since),
        actions: [
          free.seatSomebody(id),
          ...free.decideAsAdmin(id),
          ...who.groups.slice(0, named).map(free.joinGroup),
          ...who.inactive.slice(0, named).map(free.reactivate),
          ...who.inactive
            .filter((person) => who.subjects.includes(userSubject(person.user_code)))
            .slice(0, named)
            .map((person) => free.handOver(person.user_code, row.acc_code)),
          free.withdraw(id),
        ],
      },
    ];
  }

  private overdue(row: StuckRow, now: number): StuckBecause[] {
    const { id, apply_step: applyStep, node_name: nodeName } = row;
    if (row.due_at === null || Number(row.due_at) > now - this.config.stuckAfter) return [];
    const due = new Date(Number(row.due_at));
    const by = durationText(Math.floor((now - due.getTime()) / 60_000) * 60);
    const reachable = row.unreachable === null;
    const urgable = row.urged_at === null || timeOf(row.urged_at) + this.config.urgeInterval <= now;
    return [
      {
        reason: 'overdue',
        applyStep,
        detail: `Step ${applyStep} "${nodeName}" was due at ${due.toISOString()}, ${by} ago.`,
        detailZh: `步骤 ${applyStep}「${nodeName}」应于 ${due.toISOString()} 前完成，已逾期 ${by}。`,
        since: due,
        actions: [
          ...(reachable ? free.decideAsReviewer(id) : []),
          ...free.decideAsAdmin(id),
          ...(reachable && urgable ? [free.urge(id)] : []),
          free.withdraw(id),
        ],
      },
    ];
  }
}

const becauseParked = ({ id, order_id, topic, last_error, parked_at }: ParkedRow): StuckBecause => {
  const check = topic === 'order.check';
  const why = last_error ?? '';
  if (topic === 'order.outside') return becauseNotAsked(id, order_id, why, fromDbTime(parked_at));
  return {
    reason: 'delivery_parked',
    applyStep: null,
    detail: `The ${check ? 'check' : 'execution'} could not be delivered and is tried no more: ${why}`,
    detailZh: `${check ? '发起检查' : '业务执行'}回调多次失败，已停止重试：${why}`,
    since: fromDbTime(parked_at),
    actions: [free.redeliver(id), ...free.abandon(id, topic), ...(check ? [free.withdraw(order_id)] : [])],
  };
};

/** An order of a provider that could not be asked for it, or could not be told what has become of it. */
const becauseNotAsked = (id: string, orderId: string, why: string, since: Date): StuckBecause => ({
  reason: 'delivery_parked',
  applyStep: null,
  detail: `The outside system that decides it could not be asked, and is tried no more: ${why}`,
  detailZh: `未能请求外部审批系统，已停止重试：${why}`,
  since,
  actions: [free.askOutside(id), ...free.decideAsAdmin(orderId), free.withdraw(orderId)],
});

const because = <T>(row: T | undefined, tell: (row: T) => StuckBecause): StuckBecause[] =>
  row === undefined ? [] : [tell(row)];

function byOrder(seats: readonly SeatBehind[]): ReadonlyMap<string, readonly SeatBehind[]> {
  const orders = new Map<string, SeatBehind[]>();
  for (const seat of seats) {
    const known = orders.get(seat.order_id);
    if (known) known.push(seat);
    else orders.set(seat.order_id, [seat]);
  }
  return orders;
}

const codesOf = ({ inactive }: Behind): string[] => inactive.map((person) => person.user_code);

/** A group or role for people, without the team that its subject names. */
const groupOrRole = (subject: Subject): string =>
  isGroupSubject(subject) ? `group ${codeOf(subject)}` : `role ${codeOf(subject)}`;
const groupOrRoleZh = (subject: Subject): string =>
  isGroupSubject(subject) ? `用户组 ${codeOf(subject)} ` : `角色 ${codeOf(subject)} `;
/** Codes of groups hold no slash. */
const codeOf = (subject: Subject): string =>
  isGroupSubject(subject) ? subject.slice(subject.lastIndexOf('/') + 1) : subject.slice(2);

const listed = (names: readonly string[]): string =>
  names.length > named ? `${names.slice(0, named).join(', ')} … (${names.length})` : names.join(', ');

const timeOf = (time: Date | string): number => fromDbTime(time).getTime();

const toStuck = (row: StuckRow, stuck: readonly StuckBecause[]): StuckOrder => ({
  id: row.id,
  businessType: row.business_type,
  businessKey: row.business_key,
  title: row.title,
  applyTemplateId: row.apply_template_id,
  templateName: row.template_name,
  applyStatus: nameOf(applyStatusCodes, row.apply_status),
  userCode: row.user_code,
  accCode: row.acc_code,
  createTime: fromDbTime(row.create_time),
  stuck,
});
