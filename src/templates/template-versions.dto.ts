import { ApiProperty, IntersectionType, PickType } from '@nestjs/swagger';
import { VersionView } from '../versions/versions.port.js';
import { StageView, TemplateView } from './templates.dto.js';

export class VersionStage extends StageView {
  @ApiProperty({
    minimum: 1,
    description: 'Which version the node had when the template was saved; its name is of that version too.',
    example: 3,
  })
  nodeVersion: number;
}

/** What a version of a template keeps; the team, the type and the bindings are no part of it. */
export class TemplateContent extends PickType(TemplateView, [
  'templateName',
  'autoApprove',
  'dedupe',
  'distinctApprovers',
  'remark',
]) {
  @ApiProperty({ type: [VersionStage] })
  stages: readonly VersionStage[];
}

export class TemplateVersion extends IntersectionType(VersionView, TemplateContent) {}
