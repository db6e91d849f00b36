import { apiKeyEntity } from './api-keys/api-key.entity.js';
import { apiKeyTeamEntity } from './api-keys/api-key-team.entity.js';
import { jobEntity } from './audit/job.entity.js';
import { bindingEntity } from './bindings/binding.entity.js';
import { businessTypeEntity } from './business-types/business-type.entity.js';
import { calendarEntity } from './calendars/calendar.entity.js';
import type { EntitySchemasFor } from './database/database.js';
import { delegationEntity } from './delegations/delegation.entity.js';
import { delegationScopeEntity } from './delegations/delegation-scope.entity.js';
import { departmentEntity } from './directory/department.entity.js';
import { groupEntity } from './directory/group.entity.js';
import { groupMemberEntity } from './directory/group-member.entity.js';
import { labelEntity } from './directory/label.entity.js';
import { importVersionEntity } from './directory-sync/import/import-version.entity.js';
import { userRoleEntity } from './directory/user-role.entity.js';
import { userEntity } from './directory/user.entity.js';
import { idempotencyEntity } from './http/idempotency.entity.js';
import { actionEntity } from './gate/actions/action.entity.js';
import { gateEntity, gateRevisionEntity } from './gate/gates/gate.entity.js';
import { requestEntity } from './gate/requests/request.entity.js';
import { nodeEntity } from './nodes/node.entity.js';
import { nodeObjectEntity } from './nodes/node-object.entity.js';
import { subscriptionEntity } from './notifications/subscription.entity.js';
import { objectRunEntity } from './objects/object-run.entity.js';
import { orderLogEntity } from './operation-log/order-log.entity.js';
import { orderEntity } from './orders/order.entity.js';
import { orderAssigneeEntity } from './orders/order-assignee.entity.js';
import { orderCopyEntity } from './orders/order-copy.entity.js';
import { orderProcessEntity } from './orders/order-process.entity.js';
import { timerEntity } from './orders/timer.entity.js';
import { deliveryEntity } from './outbox/delivery.entity.js';
import { deliveryAttemptEntity } from './outbox/delivery-attempt.entity.js';
import { providerEntity } from './providers/provider.entity.js';
import { callbackTicketEntity } from './callbacks/callback-ticket.entity.js';
import { formEntity } from './providers/forms/form.entity.js';
import { identityEntity } from './providers/identities/identity.entity.js';
import { mirrorDefinitionEntity } from './providers/lark-mirror/mirror-definition.entity.js';
import { mirrorOrderEntity } from './providers/lark-mirror/mirror-order.entity.js';
import { outsideApprovalEntity } from './providers/outside/outside-approval.entity.js';
import { providerEventEntity } from './providers/outside/provider-event.entity.js';
import { providerMessageEntity } from './providers/provider-message.entity.js';
import { templateEntity } from './templates/template.entity.js';
import { templateStageEntity } from './templates/template-stage.entity.js';
import { nodeVersionEntity, templateVersionEntity } from './versions/saved-version.entity.js';

/** Every table of the service. The migrations make them; a test compares the two on both databases. */
export const entitiesFor: EntitySchemasFor = (dialect) =>
  [
    nodeEntity,
    nodeObjectEntity,
    templateEntity,
    templateStageEntity,
    templateVersionEntity,
    nodeVersionEntity,
    businessTypeEntity,
    bindingEntity,
    calendarEntity,
    userEntity,
    userRoleEntity,
    groupEntity,
    groupMemberEntity,
    labelEntity,
    importVersionEntity,
    departmentEntity,
    delegationEntity,
    delegationScopeEntity,
    apiKeyEntity,
    apiKeyTeamEntity,
    orderEntity,
    orderProcessEntity,
    timerEntity,
    orderAssigneeEntity,
    orderCopyEntity,
    orderLogEntity,
    objectRunEntity,
    jobEntity,
    deliveryEntity,
    deliveryAttemptEntity,
    subscriptionEntity,
    providerEntity,
    providerMessageEntity,
    identityEntity,
    formEntity,
    outsideApprovalEntity,
    mirrorDefinitionEntity,
    mirrorOrderEntity,
    providerEventEntity,
    callbackTicketEntity,
    gateEntity,
    gateRevisionEntity,
    actionEntity,
    requestEntity,
    idempotencyEntity,
  ].map((describe) => describe(dialect));
