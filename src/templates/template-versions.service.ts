import { Injectable } from '@nestjs/common';
import { scopeOf, type UserPrincipal } from '../auth/principal.js';
import type { Page } from '../http/pagination.js';
import type {
  CompareVersions,
  ListVersions,
  VersionComparison,
  VersionView,
} from '../versions/versions.port.js';
import { type Versioned, VersionsService } from '../versions/versions.service.js';
import type { TemplateVersion } from './template-versions.dto.js';
import { TemplatesService } from './templates.service.js';

/** The saved states of templates; they exist for whom the template exists, and no longer than it does. */
@Injectable()
export class TemplateVersionsService {
  constructor(
    private readonly templates: TemplatesService,
    private readonly versions: VersionsService,
  ) {}

  /** Newest first. @throws Problem 404 */
  async list(principal: UserPrincipal, id: string, query: ListVersions): Promise<Page<VersionView>> {
    return this.versions.list(await this.seen(principal, id), query);
  }

  /** @throws Problem 404 for the template or the version */
  async read(principal: UserPrincipal, id: string, version: string): Promise<TemplateVersion> {
    return this.versions.read<TemplateVersion>(await this.seen(principal, id), version);
  }

  /** @throws Problem 404 for the template or one of the versions */
  async compare(principal: UserPrincipal, id: string, query: CompareVersions): Promise<VersionComparison> {
    return this.versions.compare(await this.seen(principal, id), query);
  }

  private async seen(principal: UserPrincipal, id: string): Promise<Versioned> {
    await this.templates.require(scopeOf(principal), id);
    return { kind: 'template', id };
  }
}
