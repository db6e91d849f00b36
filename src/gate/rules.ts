import type { PathTemplate } from './reading/templates.js';
import type { Adapter, CredentialRule, Hold, Identity, Mode } from './vocabulary.js';

/** A gate as requests meet it. */
export interface GateRule {
  readonly id: string;
  readonly key: string;
  /** The team whose people come by; empty for people of any team. */
  readonly scope: string;
  readonly adapter: Adapter;
  /** Without a slash at the end; null for a gate that only authorizes. */
  readonly upstream: string | null;
  readonly identity: Identity;
  /** In lower case; null where the caller's own token tells. */
  readonly userHeader: string | null;
  readonly teamHeader: string | null;
  readonly credentials: CredentialRule;
  /** Seconds. */
  readonly credentialsTtl: number;
  /** Whether the proxy sends bodies along with its checks, so that a check without one is about a request without one. */
  readonly forwardsBody: boolean;
  /** SHA-256 in hex. */
  readonly secretHash: string;
}

/** An action as requests meet it. */
export interface ActionRule {
  readonly id: string;
  /** The team that owns it; empty for the platform. */
  readonly scope: string;
  readonly name: string;
  readonly method: string;
  readonly template: PathTemplate;
  readonly provider: string;
  readonly businessType: string;
  readonly upstream: string | null;
  readonly mode: Mode;
  readonly hold: Hold;
  /** Query parameters that do not tell requests apart. */
  readonly ignoreQuery: readonly string[];
  /** Seconds. */
  readonly waitTtl: number;
  readonly passTtl: number;
  readonly resultTtl: number;
  /** Deleted, but requests that it held are still under way: their repeats stay held, nothing new is. */
  readonly deleted: boolean;
}

/** An action that names a request, and what its path says. */
export interface Match {
  readonly action: ActionRule;
  /** The values of the template's names, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * What the actions of all teams say of the head of a request.
 * `free`: none names it; `mayHide`: its form could name another method (`_method`), so that its body has to be looked at.
 * `named`: the first of each team and of the platform comes first. `refused`: the path or the method can be read in more
 * than one way, and one of them is an action's.
 */
export type Verdict =
  | { readonly kind: 'free'; readonly mayHide: boolean }
  | { readonly kind: 'named'; readonly matches: readonly Match[] }
  | { readonly kind: 'refused'; readonly why: string };

/** Gates and actions at one revision. */
export interface Rules {
  readonly gate: (key: string) => GateRule | null;
  readonly actions: readonly ActionRule[];
}
