import { type WeComTemplates, wrongContent } from './wecom-templates.js';

/** What went wrong, as WeCom says it: with 200. */
export interface WeComRefusal {
  readonly errcode: number;
  readonly errmsg: string;
}

/** A person's part in a node. */
interface Detail {
  readonly userid: string;
  /** 1 审批中, 2 已同意, 3 已驳回, 4 已转审. */
  status: number;
  speech: string;
  time: number;
}

/** One application (审批单) in WeCom. */
export interface WeComApproval {
  readonly spNo: string;
  readonly templateId: string;
  readonly creator: string;
  /** Seconds. */
  readonly applyTime: number;
  /** 1 审批中, 2 已通过, 3 已驳回, 4 已撤销, 6 通过后撤销, 7 已删除, 10 已支付. */
  status: number;
  readonly nodes: Detail[][];
  readonly contents: readonly Readonly<Record<string, unknown>>[];
  readonly summary: readonly string[];
}

/** StatuChangeEvent, as WeCom spells it. */
export const changes = {
  submit: 1,
  agree: 2,
  reject: 3,
  transfer: 4,
  urge: 5,
  revoke: 6,
  revokeAfterPass: 8,
  comment: 10,
} as const;

/** The applications of a corporation, and its people who act on them. */
export class WeComApprovals {
  readonly all = new Map<string, WeComApproval>();
  private number = 0;

  constructor(
    private readonly templates: WeComTemplates,
    /** Members within the app's visible range. */
    private readonly visible: ReadonlySet<string>,
    private readonly onChange: (approval: WeComApproval, change: number) => void,
  ) {}

  /** 提交审批申请: applied twice, there are two. */
  apply(body: Readonly<Record<string, unknown>>): { readonly sp_no: string } | WeComRefusal {
    const { creator_userid: creator, template_id: templateId, use_template_approver: byTemplate } = body;
    if (typeof creator !== 'string' || creator === '') return refusal(40058, 'creator_userid is empty');
    if (!this.visible.has(creator)) return refusal(301055, 'no approval auth');
    const template = this.templates.get(String(templateId));
    if (!template) return refusal(301025, 'template_id is invalid');
    if (byTemplate !== 1) return refusal(301025, 'process is empty');
    const contents = (body.apply_data as { contents?: unknown } | undefined)?.contents;
    if (!Array.isArray(contents)) return refusal(301025, 'apply_data is empty');
    const wrong = wrongContent(template, contents as Record<string, unknown>[]);
    if (wrong !== null) return refusal(301025, wrong);
    const summary = rowsOf(body.summary_list);
    if (summary === null) return refusal(301025, 'summary_list is invalid');
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const approval: WeComApproval = {
      spNo: `${day}${String(++this.number).padStart(4, '0')}`,
      templateId: String(templateId),
      creator,
      applyTime: now(),
      status: 1,
      nodes: template.approvers.slice(0, 1).map((people) => people.map(asked)),
      contents: contents as Record<string, unknown>[],
      summary,
    };
    this.all.set(approval.spNo, approval);
    this.onChange(approval, changes.submit);
    return { sp_no: approval.spNo };
  }

  /** One of the people of a node (或签) agrees; behind the last node it has passed. */
  agree(spNo: string, userid: string, speech = ''): void {
    const approval = this.act(spNo, userid, 2, speech);
    const approvers = this.templates.get(approval.templateId)?.approvers ?? [];
    const next = approvers[approval.nodes.length];
    if (next) approval.nodes.push(next.map(asked));
    else approval.status = 2;
    this.onChange(approval, changes.agree);
  }

  reject(spNo: string, userid: string, speech = ''): void {
    const approval = this.act(spNo, userid, 3, speech);
    approval.status = 3;
    this.onChange(approval, changes.reject);
  }

  transfer(spNo: string, userid: string, to: string, speech = ''): void {
    const approval = this.act(spNo, userid, 4, speech);
    approval.nodes.at(-1)?.push(asked(to));
    this.onChange(approval, changes.transfer);
  }

  /** Its applicant takes it back; also after it has passed. */
  revoke(spNo: string): void {
    const approval = this.of(spNo);
    const passed = approval.status === 2;
    approval.status = passed ? 6 : 4;
    this.onChange(approval, passed ? changes.revokeAfterPass : changes.revoke);
  }

  /** An administrator deletes it: nobody is told. */
  remove(spNo: string): void {
    this.of(spNo).status = 7;
  }

  /** 已支付: nobody is told. */
  pay(spNo: string): void {
    this.of(spNo).status = 10;
  }

  urge(spNo: string): void {
    this.onChange(this.of(spNo), changes.urge);
  }

  comment(spNo: string): void {
    this.onChange(this.of(spNo), changes.comment);
  }

  of(spNo: string): WeComApproval {
    const approval = this.all.get(spNo);
    if (!approval) throw new Error(`no approval ${spNo}`);
    return approval;
  }

  /** 获取审批申请详情: the values carry empty fields of all other kinds, and nothing says what the summary was. */
  detail(spNo: unknown): { readonly info: object } | WeComRefusal {
    const approval = this.all.get(String(spNo));
    if (!approval) return refusal(301025, 'sp_no is invalid');
    const template = this.templates.get(approval.templateId);
    const info = {
      sp_no: approval.spNo,
      sp_name: template?.name,
      sp_status: approval.status,
      template_id: approval.templateId,
      apply_time: approval.applyTime,
      applyer: { userid: approval.creator, partyid: '1' },
      sp_record: approval.nodes.map((details) => ({
        sp_status: Math.max(...details.map(({ status }) => status)),
        approverattr: 1,
        details: details.map(({ userid, status, speech, time }) => ({
          approver: { userid },
          speech,
          sp_status: status,
          sptime: time,
          media_id: [],
        })),
      })),
      notifyer: [],
      apply_data: {
        contents: approval.contents.map((content) => ({
          ...content,
          title: [{ text: template?.controls.find(({ id }) => id === content.id)?.title, lang: 'zh_CN' }],
          value: {
            tips: [],
            members: [],
            departments: [],
            files: [],
            children: [],
            ...(content.value as object),
          },
        })),
      },
      comments: [],
    };
    return { info };
  }

  /** 批量获取审批单号: pages may hold fewer than were asked for. */
  list(body: Readonly<Record<string, unknown>>, most: number): object {
    const { starttime, endtime, new_cursor: cursor, size, filters } = body;
    const [start, end] = [Number(starttime), Number(endtime)];
    if (typeof starttime !== 'string' || typeof endtime !== 'string' || !(end > start)) {
      return refusal(301025, 'starttime or endtime is invalid');
    }
    if (end - start > 31 * 86_400) return refusal(301112, 'the time range is too long');
    if (typeof cursor !== 'string' || typeof size !== 'number' || size < 1 || size > 100) {
      return refusal(301025, 'new_cursor or size is invalid');
    }
    const wanted = (filters as { key: string; value: string }[] | undefined) ?? [];
    const left = wanted.find(({ key, value }) => key === 'creator' && !this.visible.has(value));
    if (left) return refusal(301055, 'no approval auth');
    const found = [...this.all.values()].filter(
      ({ applyTime, templateId, creator, status }) =>
        applyTime >= start &&
        applyTime <= end &&
        wanted.every(({ key, value }) => {
          const held = { template_id: templateId, creator, sp_status: String(status) }[key];
          return held === value;
        }),
    );
    const begin = cursor === '' ? 0 : Number(cursor);
    const page = begin + Math.min(size, most);
    return {
      sp_no_list: found.slice(begin, page).map(({ spNo }) => spNo),
      ...(page < found.length ? { new_next_cursor: String(page) } : {}),
    };
  }

  private act(spNo: string, userid: string, status: number, speech: string): WeComApproval {
    const approval = this.of(spNo);
    const detail = approval.nodes.at(-1)?.find((one) => one.userid === userid && one.status === 1);
    if (approval.status !== 1 || !detail) throw new Error(`${userid} has nothing to do in ${spNo}`);
    Object.assign(detail, { status, speech, time: now() });
    return approval;
  }
}

const asked = (userid: string): Detail => ({ userid, status: 1, speech: '', time: 0 });

export const now = (): number => Math.floor(Date.now() / 1000);

export const refusal = (errcode: number, errmsg: string): WeComRefusal => ({
  errcode,
  errmsg: `${errmsg}, hint: [1732270000000000000000000], from ip: 127.0.0.1`,
});

/** One to three rows of at most twenty characters, in a language that WeCom has. */
function rowsOf(list: unknown): readonly string[] | null {
  if (!Array.isArray(list) || list.length < 1 || list.length > 3) return null;
  const rows = list.flatMap(
    (row: { summary_info?: { text?: string; lang?: string }[] }) => row.summary_info ?? [],
  );
  const fits = rows.every(
    ({ text = '', lang }) =>
      text !== '' && Array.from(text).length <= 20 && (lang === 'zh_CN' || lang === 'en'),
  );
  return fits ? rows.map(({ text }) => String(text)) : null;
}
