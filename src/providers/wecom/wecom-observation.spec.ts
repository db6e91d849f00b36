import { describe, expect, it } from 'vitest';
import { observationOf } from './wecom-observation.js';

const detail = (userid: string, sp_status: number, sptime = 0, speech = '') => ({
  approver: { userid },
  speech,
  sp_status,
  sptime,
});
const info = (sp_status: number, records: object[], more: object = {}) => ({
  sp_no: '202611220001',
  sp_name: '采购',
  sp_status,
  template_id: 'T1',
  applyer: { userid: 'ann', partyid: '1' },
  sp_record: records.map((details) => ({ sp_status, approverattr: 1, details })),
  ...more,
});

describe('observationOf', () => {
  it.each([
    [1, 'pending', null],
    [2, 'approved', 'wang'],
    [3, 'rejected', null],
    [4, 'withdrawn', 'ann'],
    [6, 'withdrawn', null],
    [7, 'gone', null],
    [10, 'approved', 'wang'],
  ])('given sp_status %d, then it is %s, by %s', (sp_status, status, decidedBy) => {
    expect(observationOf(info(sp_status, [[detail('wang', 2, 100, 'ok')]]))).toMatchObject({
      externalId: '202611220001',
      formCode: 'T1',
      title: '采购',
      applicant: 'ann',
      key: null,
      status,
      decidedBy,
    });
  });

  it.each([0, 5, 11, 'x', undefined])(
    'given sp_status %j, which nobody knows, then it fails',
    (sp_status) => {
      expect(() => observationOf({ ...info(1, []), sp_status })).toThrow(/not known here/);
    },
  );

  it('given nodes with several people, then each has a task, and the last approval counts', () => {
    const seen = observationOf(
      info(2, [
        [detail('li', 2, 200, 'first'), detail('zhao', 1)],
        [detail('wang', 4, 250, 'yours'), detail('chen', 2, 300, 'fine')],
      ]),
    );
    expect(seen).toMatchObject({ decidedBy: 'chen', comment: 'fine' });
    expect(seen.tasks).toEqual([
      task('1.1', 'li', 'approved', 'first', 200),
      // Somebody else was faster: WeCom leaves this one as it was.
      task('1.2', 'zhao', 'ended', null, 0),
      task('2.1', 'wang', 'transferred', 'yours', 250),
      task('2.2', 'chen', 'approved', 'fine', 300),
    ]);
  });

  it('given a rejection, then it is whoever rejected it', () => {
    const seen = observationOf(info(3, [[detail('li', 2, 200)], [detail('wang', 3, 300, 'no')]]));
    expect(seen).toMatchObject({ decidedBy: 'wang', comment: 'no' });
  });

  it('given the newer form of the flow only, then it is read, without those who get a copy', () => {
    const node = (node_type: number, ...sub_node_list: object[]) => ({
      node_type,
      sp_status: 2,
      sub_node_list,
    });
    const process_list = {
      node_list: [
        node(1, { userid: 'li', speech: 'ok', sp_yj: 2, sptime: 200 }),
        node(2, { userid: 'copy', sp_yj: 0, sptime: 0 }),
      ],
    };
    expect(observationOf(info(2, [], { process_list })).tasks).toEqual([
      task('1.1', 'li', 'approved', 'ok', 200),
    ]);
  });

  it('given what was filled in, then it is in plain words, with the whole beside it', () => {
    const content = {
      control: 'Money',
      id: 'Money-1',
      title: [
        { text: 'Amount', lang: 'en' },
        { text: '金额', lang: 'zh_CN' },
      ],
      value: { new_money: '700', tips: [] },
    };
    expect(observationOf(info(1, [], { apply_data: { contents: [content] } })).widgets).toEqual([
      { id: 'Money-1', name: '金额', type: 'Money', value: '700', whole: content },
    ]);
  });
});

const task = (id: string, externalId: string, status: string, comment: string | null, time: number) => ({
  id,
  nodeName: null,
  externalId,
  status,
  comment,
  endedAt: time === 0 ? null : new Date(time * 1000),
  ours: null,
});
