/** `npm run demo -- --provider wecom`: orders of ours that the fake WeCom decides. */
import { fail, playAlone } from '../../src/cli/demo/play.js';
import type { DemoRun } from '../../src/cli/demo/run.js';
import { startWeCom } from '../support/wecom/fake-wecom.js';
import { decidedElsewhere } from './elsewhere.js';
import { withProvider } from './outside.js';

const accounts = { ann: 'AnNing', bob: 'LiLei' };
const formName = '管理后台权限申请';
const formCode = '3TkaH5KFbrG9heEQWLJjhgpFwmqAFB4dLEnapaB7aaa';

async function tell(run: DemoRun): Promise<void> {
  const wecom = await startWeCom();
  const { approvals } = wecom;
  wecom.member(...Object.values(accounts));
  wecom.template({
    id: formCode,
    name: formName,
    controls: [
      { id: 'Text-1', kind: 'Text', title: '申请系统', required: true },
      { id: 'Text-2', kind: 'Text', title: '申请原因', required: true },
      { id: 'Text-3', kind: 'Text', title: '单号' },
    ],
    approvers: [[accounts.bob]],
  });
  const data = [
    { code: '申请系统', apiKey: 'system' },
    { code: '申请原因', apiKey: 'reason' },
    { code: '单号', apiKey: 'ticket_id' },
  ];
  try {
    run.title(`Setting up: the template 「${formName}」 of WeCom`);
    await withProvider(
      run,
      {
        provider: { code: 'wecom', name: '企业微信', kind: 'wecom', url: wecom.url, wecom: wecom.settings },
        form: { name: formName, formCode, relation: { isOpen: true, data } },
        accounts,
      },
      async (outside) => {
        wecom.callbacks.url = `${run.url}/api/v1/wecom/callback/${outside.providerId}`;
        await decidedElsewhere(outside, '企业微信', {
          approve: (spNo, words) => approvals.agree(spNo, accounts.bob, words),
          reject: (spNo, words) => approvals.reject(spNo, accounts.bob, words),
          filledIn: (spNo) => approvals.of(spNo).contents,
        });
      },
    );
    await wecom.callbacks.settled();
  } finally {
    await wecom.close();
  }
}

await playAlone(
  { about: 'Orders that WeCom decides', source: 'requirement 001', tell },
  'as does the fake WeCom that it speaks with',
).catch(fail);
