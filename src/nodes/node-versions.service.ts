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
import type { NodeVersion } from './node-versions.dto.js';
import { NodesService } from './nodes.service.js';

/** The saved states of nodes; they exist for whom the node exists, and no longer than it does. */
@Injectable()
export class NodeVersionsService {
  constructor(
    private readonly nodes: NodesService,
    private readonly versions: VersionsService,
  ) {}

  /** Newest first. @throws Problem 404 */
  async list(principal: UserPrincipal, id: string, query: ListVersions): Promise<Page<VersionView>> {
    return this.versions.list(await this.seen(principal, id), query);
  }

  /** @throws Problem 404 for the node or the version */
  async read(principal: UserPrincipal, id: string, version: string): Promise<NodeVersion> {
    return this.versions.read<NodeVersion>(await this.seen(principal, id), version);
  }

  /** @throws Problem 404 for the node or one of the versions */
  async compare(principal: UserPrincipal, id: string, query: CompareVersions): Promise<VersionComparison> {
    return this.versions.compare(await this.seen(principal, id), query);
  }

  private async seen(principal: UserPrincipal, id: string): Promise<Versioned> {
    await this.nodes.require(scopeOf(principal), id);
    return { kind: 'node', id };
  }
}
