/** An error of DingTalk's API: thrown by what the fake does, answered as `{code, message, requestid}`. */
export class DingTalkFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number = 400,
  ) {
    super(message);
  }
}

/** The failures that the vendor's documentation names. */
export const failures = {
  client: () => new DingTalkFailure('invalidClientIdOrSecret', '无效的clientId或者clientSecret'),
  token: () => new DingTalkFailure('InvalidAuthentication', '不合法的access_token'),
  template: () => new DingTalkFailure('processCodeError', '获取审批模板失败或者模板已被删除'),
  parameter: (why: string) =>
    new DingTalkFailure('processInstanceInvalidParameter', `审批实例参数错误: ${why}`),
  form: (name: string) => new DingTalkFailure('formConverterError', `表单数据校验失败，失败控件：${name}`),
  instance: () => new DingTalkFailure('processInstanceNotExist', '审批实例不存在'),
  instanceToEnd: () => new DingTalkFailure('aflowProcessInstNotExist', '审批实例不存在'),
  status: (why: string) => new DingTalkFailure('aflowProcessInstStatusException', why),
  notExecutable: () => new DingTalkFailure('aflowProcessInstCanNotBeExecuted', '审批状态异常，无法执行'),
  user: () => new DingTalkFailure('userNotExist', '用户不存在'),
  taskId: () => new DingTalkFailure('invalidInstanceExecuteTaskId', '同意拒绝审批任务，任务节点id不能为空'),
  result: () =>
    new DingTalkFailure('invalidInstanceExecuteResult', '审批操作取值必填 且值必须为agree/refuse'),
  isSystem: () =>
    new DingTalkFailure('invalidInstanceTerminateIsSystem', '撤销审批实例，是否通过系统操作参数不能为空'),
  noWithdrawal: () => new DingTalkFailure('internalError', '您没有任务处理的权限'),
  message: (what: string) => new DingTalkFailure(`invalidParameter.${what}`, what),
  limit: () =>
    new DingTalkFailure(
      'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi',
      '您的企业应用调用钉钉开放平台当前接口的所有请求都被暂时禁用了',
      403,
    ),
} as const;
