/** `npm run demo -- --provider dingtalk`: orders of ours that the fake DingTalk decides. */
import { fail, playAlone } from '../../src/cli/demo/play.js';
import type { DemoRun } from '../../src/cli/demo/run.js';
import { startFakeDingTalk } from '../support/dingtalk/fake-dingtalk.js';
import { decidedElsewhere } from './elsewhere.js';
import { withProvider } from './outside.js';

const accounts = { ann: 'an-ning', bob: 'li-lei' };
const formName = '管理后台权限申请';

async function tell(run: DemoRun): Promise<void> {
  const dingtalk = await startFakeDingTalk();
  const { approvals, events, fields } = dingtalk;
  for (const userId of Object.values(accounts)) dingtalk.people.add(userId);
  const { code: formCode } = approvals.define({
    name: formName,
    nodes: [{ activityId: 'node-1', name: '上级审批', people: [accounts.bob] }],
    components: [{ name: '申请系统' }, { name: '申请原因' }, { name: '单号' }],
  });
  const data = [
    { code: '申请系统', apiKey: 'system' },
    { code: '申请原因', apiKey: 'reason' },
    { code: '单号', apiKey: 'ticket_id' },
  ];
  try {
    run.title(`Setting up: the template 「${formName}」 of DingTalk`);
    await withProvider(
      run,
      {
        provider: { code: 'ding', name: '钉钉', kind: 'dingtalk', url: dingtalk.url, dingtalk: fields },
        form: { name: formName, formCode, relation: { isOpen: true, data } },
        accounts,
      },
      async (outside) => {
        const address = `${run.url}/api/v1/dingtalk/callback/${outside.providerId}`;
        const takes = await events.deliverTo(address).then(
          () => true,
          () => false,
        );
        run.check('DingTalk takes the address for its events (check_url)', takes, 'and does not');
        await decidedElsewhere(outside, '钉钉', {
          approve: (id, words) => approvals.agree(id, accounts.bob, words),
          reject: (id, words) => approvals.refuse(id, accounts.bob, words),
          filledIn: (id) => Object.fromEntries(approvals.of(id).values),
        });
      },
    );
    await events.settled();
  } finally {
    await dingtalk.close();
  }
}

await playAlone(
  { about: 'Orders that DingTalk decides', source: 'requirement 001', tell },
  'as does the fake DingTalk that it speaks with',
).catch(fail);
